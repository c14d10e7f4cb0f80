// SPDX-License-Identifier: GPL-2.0-only
#include "replay/block/block_notify.h"

#include <errno.h>
#include <string.h>

uint32_t hs_notify_from_errno(int error)
{
	return error ? HS_NOTIFY_STOP_MASK | (HS_NOTIFY_OK - (uint32_t)error) : HS_NOTIFY_OK;
}

int hs_notify_to_errno(uint32_t value)
{
	int rest = (int)(value & ~(uint32_t)HS_NOTIFY_STOP_MASK);

	return rest > HS_NOTIFY_OK ? HS_NOTIFY_OK - rest : 0;
}

void hs_notifier_chain_deinit(struct hs_notifier_chain *chain)
{
	hs_vec_deinit(&chain->callbacks);
}

int hs_notifier_register(struct hs_notifier_chain *chain, const char *name, int priority,
			 const struct hs_notify_answer *answers, size_t nr_answers)
{
	size_t at = 0;

	if (!hs_vec_reserve(&chain->callbacks, 1))
		return -ENOMEM;
	while (at < chain->callbacks.count && chain->callbacks.items[at].priority >= priority)
		at++;
	memmove(&chain->callbacks.items[at + 1], &chain->callbacks.items[at],
		(chain->callbacks.count - at) * sizeof(chain->callbacks.items[0]));
	chain->callbacks.items[at] = (struct hs_notifier){
		.name = name, .priority = priority, .order = chain->nr_registered++,
		.answers = answers, .nr_answers = nr_answers,
	};
	chain->callbacks.count++;
	return 0;
}

int hs_notifier_unregister(struct hs_notifier_chain *chain, const char *name)
{
	hs_vec_for_each(callback, &chain->callbacks) {
		if (strcmp(callback->name, name))
			continue;
		chain->callbacks.count--;
		memmove(callback, callback + 1,
			(size_t)(chain->callbacks.items + chain->callbacks.count - callback) * sizeof(*callback));
		return 0;
	}
	return -ENOENT;
}

static uint32_t call_notifier(const struct hs_notifier *callback, const struct hs_notice *notice)
{
	for (size_t i = 0; i < callback->nr_answers; i++) {
		const struct hs_notify_answer *answer = &callback->answers[i];

		if (answer->action != notice->action)
			continue;
		if (hs_block_action_is_node(notice->action) ||
		    (answer->start_pfn < notice->start_pfn + notice->nr_pages && notice->start_pfn < answer->end_pfn))
			return answer->value;
	}
	return HS_NOTIFY_OK;
}

uint32_t hs_notify_run(const struct hs_notifier_chain *chain, const struct hs_notice *notice, size_t *nr_called)
{
	uint32_t value = HS_NOTIFY_DONE;

	*nr_called = 0;
	hs_vec_for_each(callback, &chain->callbacks) {
		++*nr_called;
		value = call_notifier(callback, notice);
		if (value & HS_NOTIFY_STOP_MASK)
			break;
	}
	return value;
}
