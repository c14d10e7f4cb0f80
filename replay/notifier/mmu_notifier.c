// SPDX-License-Identifier: GPL-2.0-only
/* mm/mmu_notifier.c. Names in comments are its functions. */
#include "replay/notifier/mmu_notifier.h"

#include <errno.h>
#include <stddef.h>

void hs_mmu_subscriptions_init(struct hs_mmu_subscriptions *subs)
{
	*subs = (struct hs_mmu_subscriptions){ .invalidate_seq = 2 };
}

/* mn_itree_is_invalidating. */
static bool is_frozen(const struct hs_mmu_subscriptions *subs)
{
	return subs->invalidate_seq & 1;
}

/* --- listeners: __mmu_notifier_register, mmu_notifier_unregister --------------------------------- */

int hs_mmu_register(struct hs_mmu_subscriptions *subs, struct hs_mmu_listener *listener, bool has_signal)
{
	if (subs->is_dying)
		return -EINVAL;
	if (has_signal)
		return -EINTR;
	listener->next = subs->list;
	listener->is_registered = true;
	subs->list = listener;
	return 0;
}

static void unlink_listener(struct hs_mmu_subscriptions *subs, struct hs_mmu_listener *listener)
{
	struct hs_mmu_listener **place = &subs->list;

	while (*place && *place != listener)
		place = &(*place)->next;
	if (*place)
		*place = listener->next;
	listener->is_registered = false;
}

static void release_listener(struct hs_mmu_listener *listener)
{
	if (listener->ops->release)
		listener->ops->release(listener);
}

void hs_mmu_unregister(struct hs_mmu_subscriptions *subs, struct hs_mmu_listener *listener)
{
	if (!listener->is_registered)
		return;
	release_listener(listener);
	unlink_listener(subs, listener);
}

/* --- intervals: __mmu_interval_notifier_insert, mmu_interval_notifier_remove ---------------------- */

static struct hs_mmu_interval *interval_of(struct hs_range_node *node)
{
	return node ? hs_container_of(node, struct hs_mmu_interval, node) : NULL;
}

static void add_to_tree(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval)
{
	hs_range_tree_insert(&subs->itree, &interval->node);
	interval->is_in_tree = true;
}

static void take_from_tree(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval)
{
	hs_range_tree_erase(&subs->itree, &interval->node);
	interval->is_in_tree = false;
}

static void defer(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval)
{
	interval->next_deferred = subs->deferred;
	interval->is_deferred = true;
	subs->deferred = interval;
}

static void cancel_deferred(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval)
{
	struct hs_mmu_interval **place = &subs->deferred;

	while (*place && *place != interval)
		place = &(*place)->next_deferred;
	if (*place)
		*place = interval->next_deferred;
	interval->is_deferred = false;
}

/* Sections are open: the new interval counts as being invalidated until the last of them ends. */
static void insert_while_active(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval)
{
	if (is_frozen(subs)) {
		defer(subs, interval);
	} else {
		subs->invalidate_seq |= 1;
		add_to_tree(subs, interval);
	}
	interval->invalidate_seq = subs->invalidate_seq;
}

int hs_mmu_interval_insert(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval, uint64_t start,
			   uint64_t length, bool has_signal)
{
	if (!subs->has_itree && has_signal)
		return -EINTR;
	subs->has_itree = true;
	if (!length || start + (length - 1) < start)
		return -EOVERFLOW;
	if (subs->is_dying)
		return -EINVAL;
	interval->node.start = start;
	interval->node.end = start + length ? start + length : UINT64_MAX;
	interval->is_in_tree = interval->is_deferred = false;
	if (subs->active_ranges) {
		insert_while_active(subs, interval);
		return 0;
	}
	interval->invalidate_seq = subs->invalidate_seq - 1;
	add_to_tree(subs, interval);
	return 0;
}

bool hs_mmu_interval_remove(struct hs_mmu_subscriptions *subs, struct hs_mmu_interval *interval)
{
	if (!is_frozen(subs)) {
		take_from_tree(subs, interval);
		return false;
	}
	if (!interval->is_in_tree) {
		cancel_deferred(subs, interval);
		return false;
	}
	defer(subs, interval);
	return true;
}

void hs_mmu_interval_set_seq(struct hs_mmu_interval *interval, uint64_t seq)
{
	interval->invalidate_seq = seq;
}

bool hs_mmu_interval_read_begin(const struct hs_mmu_subscriptions *subs, const struct hs_mmu_interval *interval,
				uint64_t *seq)
{
	*seq = interval->invalidate_seq;
	return *seq != subs->invalidate_seq;
}

bool hs_mmu_interval_read_retry(const struct hs_mmu_interval *interval, uint64_t seq)
{
	return interval->invalidate_seq != seq;
}

/* --- sections ------------------------------------------------------------------------------------ */

/* mn_itree_finish_pass and the deferred list of mn_itree_inv_end. */
static void end_in_tree(struct hs_mmu_subscriptions *subs)
{
	struct hs_mmu_interval *interval;

	if (--subs->active_ranges || !is_frozen(subs))
		return;
	subs->invalidate_seq++;
	while ((interval = subs->deferred)) {
		cancel_deferred(subs, interval);
		if (interval->is_in_tree)
			take_from_tree(subs, interval);
		else
			add_to_tree(subs, interval);
	}
}

/* mn_itree_inv_start_range, mn_itree_invalidate. */
static int start_in_tree(struct hs_mmu_subscriptions *subs, const struct hs_mmu_range *section)
{
	struct hs_mmu_interval *interval = interval_of(hs_range_tree_overlap(&subs->itree, section->start, section->end));
	uint64_t seq;

	subs->active_ranges++;
	if (interval)
		subs->invalidate_seq |= 1;
	seq = subs->invalidate_seq;
	for (; interval;
	     interval = interval_of(hs_range_node_next_overlap(&interval->node, section->start, section->end))) {
		if (interval->ops->invalidate(interval, section, seq))
			continue;
		if (!section->is_blockable) {
			end_in_tree(subs);
			return -EAGAIN;
		}
		subs->nr_warnings++;
	}
	return 0;
}

static void end_on_list(const struct hs_mmu_subscriptions *subs, const struct hs_mmu_range *section)
{
	for (struct hs_mmu_listener *listener = subs->list; listener; listener = listener->next)
		if (listener->ops->end)
			listener->ops->end(listener, section);
}

/* mn_hlist_invalidate_range_start: all are told; if one refuses, all of them are told of the end as well. */
static int start_on_list(struct hs_mmu_subscriptions *subs, const struct hs_mmu_range *section)
{
	int result = 0;

	for (struct hs_mmu_listener *listener = subs->list; listener; listener = listener->next) {
		int error = listener->ops->start ? listener->ops->start(listener, section) : 0;

		if (error && section->is_blockable)
			subs->nr_warnings++;
		result = error ? error : result;
	}
	if (result)
		end_on_list(subs, section);
	return result;
}

int hs_mmu_section_start(struct hs_mmu_subscriptions *subs, const struct hs_mmu_range *section)
{
	int error = subs->has_itree ? start_in_tree(subs, section) : 0;

	return error ? error : start_on_list(subs, section);
}

void hs_mmu_section_end(struct hs_mmu_subscriptions *subs, const struct hs_mmu_range *section)
{
	if (subs->has_itree && subs->active_ranges)
		end_in_tree(subs);
	end_on_list(subs, section);
}

/* mn_itree_release, mn_hlist_release. */
void hs_mmu_release(struct hs_mmu_subscriptions *subs)
{
	struct hs_mmu_range all = { .end = UINT64_MAX, .event = HS_MMU_EVENT_RELEASE, .is_blockable = true };

	subs->is_dying = true;
	if (subs->has_itree) {
		start_in_tree(subs, &all);
		end_in_tree(subs);
	}
	while (subs->list) {
		struct hs_mmu_listener *listener = subs->list;

		release_listener(listener);
		unlink_listener(subs, listener);
	}
}

const char *hs_mmu_broken_rule(const struct hs_mmu_subscriptions *subs)
{
	if (is_frozen(subs) && !subs->active_ranges)
		return "invalidate_seq is odd, no section is open";
	if (subs->deferred && !is_frozen(subs))
		return "a deferred change, invalidate_seq is even";
	if (!hs_range_tree_is_valid(&subs->itree))
		return "the tree of intervals is broken";
	hs_range_for_each(node, &subs->itree) {
		uint64_t seq = interval_of(node)->invalidate_seq;

		if (!(seq & 1))
			return "an interval's sequence number is even";
		if (seq > subs->invalidate_seq)
			return "an interval is ahead of invalidate_seq";
	}
	return NULL;
}
