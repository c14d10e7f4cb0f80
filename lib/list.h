/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_LIST_H
#define HS_LIST_H
/*
 * A doubly linked ring inside the caller's own structs. A list is a link that stands for no item; a link
 * that is in no list points at itself. Nothing is allocated; every operation but counting is O(1).
 *
 *   struct item { struct hs_link link; … };
 *   hs_list_for_each(item, &list, struct item, link) …
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/range_tree.h"	/* hs_container_of */

struct hs_link {
	struct hs_link *next;
	struct hs_link *prev;
};

static inline void hs_link_init(struct hs_link *link)
{
	link->next = link->prev = link;
}

/* True for an empty list, and for a link that is in no list. */
static inline bool hs_list_is_empty(const struct hs_link *list)
{
	return list->next == list;
}

static inline void hs_link_between(struct hs_link *link, struct hs_link *before, struct hs_link *behind)
{
	link->prev = before;
	link->next = behind;
	before->next = behind->prev = link;
}

/* At the front / at the back. The link is in no list. */
static inline void hs_list_push_front(struct hs_link *list, struct hs_link *link)
{
	hs_link_between(link, list, list->next);
}

static inline void hs_list_push_back(struct hs_link *list, struct hs_link *link)
{
	hs_link_between(link, list->prev, list);
}

/* Takes the link out of its list; nothing happens if it is in none. */
static inline void hs_link_remove(struct hs_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	hs_link_init(link);
}

/* Moves all items of `from`, in their order, to the front of `list`; `from` is empty then. */
static inline void hs_list_prepend(struct hs_link *list, struct hs_link *from)
{
	if (hs_list_is_empty(from))
		return;
	from->prev->next = list->next;
	list->next->prev = from->prev;
	from->next->prev = list;
	list->next = from->next;
	hs_link_init(from);
}

#define hs_list_item(pointer, type, member) hs_container_of(pointer, type, member)

/* The first item, or NULL. */
#define hs_list_first(list, type, member) \
	(hs_list_is_empty(list) ? NULL : hs_list_item((list)->next, type, member))

/* Items may be appended behind the current one meanwhile; the current one must stay in the list. */
#define hs_list_for_each(item, list, type, member) \
	for (type *item = hs_list_item((list)->next, type, member); &item->member != (list); \
	     item = hs_list_item(item->member.next, type, member))

/* The current item may be taken out (and freed) meanwhile; the next one must stay. */
#define hs_list_for_each_safe(item, list, type, member) \
	for (type *item = hs_list_item((list)->next, type, member), \
	     *item##_next = hs_list_item(item->member.next, type, member); \
	     &item->member != (list); \
	     item = item##_next, item##_next = hs_list_item(item->member.next, type, member))

#endif
