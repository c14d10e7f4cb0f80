// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for test guests only: it listens to ranges of its callers' memory as a device would that shares them
 * (mmu interval notifiers), and counts what it is told. The counters are module parameters, to be read below
 * /sys/module/interval_module/parameters. It refuses what may not sleep, so that sections fail.
 */
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "interval_module.h"

static ulong inserted, removed, invalidations, refusals, holding;
module_param(inserted, ulong, 0444);
module_param(removed, ulong, 0444);
module_param(invalidations, ulong, 0444);
module_param(refusals, ulong, 0444);
module_param(holding, ulong, 0444);

static DEFINE_SPINLOCK(counting);
static DECLARE_COMPLETION(let_go);

struct listener {
	struct mmu_interval_notifier notifier;
	u64 start;
	bool is_used;
};

struct session {
	struct mutex lock;
	struct listener listeners[HS_INTERVALS_PER_FILE];
};

static void count(ulong *counter)
{
	spin_lock(&counting);
	++*counter;
	spin_unlock(&counting);
}

static bool told(struct mmu_interval_notifier *notifier, const struct mmu_notifier_range *range, unsigned long seq)
{
	if (!mmu_notifier_range_blockable(range)) {
		count(&refusals);
		return false;
	}
	spin_lock(&counting);
	mmu_interval_set_seq(notifier, seq);
	invalidations++;
	spin_unlock(&counting);
	return true;
}

static const struct mmu_interval_notifier_ops listener_ops = { .invalidate = told };

static struct listener *find(struct session *session, bool is_used, u64 start)
{
	for (int i = 0; i < HS_INTERVALS_PER_FILE; i++)
		if (session->listeners[i].is_used == is_used && (!is_used || session->listeners[i].start == start))
			return &session->listeners[i];
	return NULL;
}

static long insert(struct session *session, const struct hs_interval_request *request)
{
	struct listener *listener = find(session, false, 0);
	int error;

	if (!listener)
		return -ENOSPC;
	error = mmu_interval_notifier_insert(&listener->notifier, current->mm, request->start, request->length,
					     &listener_ops);
	if (error)
		return error;
	listener->start = request->start;
	listener->is_used = true;
	count(&inserted);
	return 0;
}

static void remove(struct listener *listener)
{
	mmu_interval_notifier_remove(&listener->notifier);
	listener->is_used = false;
	count(&removed);
}

static long remove_by_start(struct session *session, const struct hs_interval_request *request)
{
	struct listener *listener = find(session, true, request->start);

	if (!listener)
		return -ENOENT;
	remove(listener);
	return 0;
}

static long hold(void)
{
	count(&holding);
	wait_for_completion(&let_go);
	return 0;
}

static long asked(struct file *file, unsigned int command, unsigned long argument)
{
	struct session *session = file->private_data;
	struct hs_interval_request request;
	long ret;

	if (command == HS_INTERVAL_HOLD)
		return hold();
	if (command == HS_INTERVAL_LET_GO) {
		complete(&let_go);
		return 0;
	}
	if (copy_from_user(&request, (void __user *)argument, sizeof(request)))
		return -EFAULT;
	mutex_lock(&session->lock);
	ret = command == HS_INTERVAL_INSERT ? insert(session, &request)
	      : command == HS_INTERVAL_REMOVE ? remove_by_start(session, &request) : -ENOTTY;
	mutex_unlock(&session->lock);
	return ret;
}

static int opened(struct inode *inode, struct file *file)
{
	struct session *session = kvzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	mutex_init(&session->lock);
	file->private_data = session;
	return 0;
}

static int closed(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;

	for (int i = 0; i < HS_INTERVALS_PER_FILE; i++)
		if (session->listeners[i].is_used)
			remove(&session->listeners[i]);
	kvfree(session);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE, .open = opened, .release = closed, .unlocked_ioctl = asked,
};

static struct miscdevice device = { .minor = MISC_DYNAMIC_MINOR, .name = HS_INTERVAL_DEVICE, .fops = &operations };

module_misc_device(device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("listens to ranges of memory, for tests");
