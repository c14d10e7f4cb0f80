// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source collapse where functions can be probed: writes to the settings of huge pages, the files below
 * /sys/kernel/mm/transparent_hugepage. Whoever writes them: they hold for all. fs/sysfs/file.c sysfs_kf_write, since
 * what it calls (lib/kobject.c) cannot be probed.
 */
#include "bpf/compat.bpf.h"
#include "bpf/ring.bpf.h"

/* When a task's write began, ns; 0: none is under way. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} setting_writes SEC(".maps");

static __always_inline void read_name(char name[HS_SETTING_NAME_BYTES], const struct kernfs_node *node)
{
	name[0] = 0;
	if (node)
		bpf_probe_read_kernel_str(name, HS_SETTING_NAME_BYTES, BPF_CORE_READ(node, name));
}

static __always_inline bool is_folder_of_settings(const char name[HS_SETTING_NAME_BYTES])
{
	static const char wanted[] = HS_SETTINGS_FOLDER;

	for (unsigned int i = 0; i < sizeof(wanted); i++)
		if (name[i] != wanted[i])
			return false;
	return true;
}

SEC("?fentry/sysfs_kf_write")
int BPF_PROG(setting_write_entered)
{
	u64 *entered = bpf_task_storage_get(&setting_writes, bpf_get_current_task_btf(), 0,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (entered)
		*entered = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("?fexit/sysfs_kf_write")
int BPF_PROG(setting_written, struct kernfs_open_file *file, const char *text, unsigned long count, long long at,
	     long ret)
{
	u64 *entered = bpf_task_storage_get(&setting_writes, bpf_get_current_task_btf(), 0, 0);
	char folder[HS_SETTING_NAME_BYTES], above[HS_SETTING_NAME_BYTES];
	const struct kernfs_node *node = file->kn, *parent = folder_of(node);
	struct hs_record_setting *record;

	read_name(folder, parent);
	read_name(above, parent ? folder_of(parent) : 0);
	if (ret < 0 || (!is_folder_of_settings(folder) && !is_folder_of_settings(above)))
		return 0;
	record = RESERVE(HS_RING_COLLAPSE, hs_record_setting);
	if (!record)
		return 0;
	record->head.mm = 0;
	record->entry_time = entered ? *entered : 0;
	__builtin_memcpy(record->folder, folder, sizeof(folder));
	read_name(record->file, node);
	__builtin_memset(record->text, 0, sizeof(record->text));
	bpf_probe_read_kernel_str(record->text, sizeof(record->text), text);
	COMMIT(record, HS_RECORD_SETTING, 0, (u32)bpf_get_current_pid_tgid());
	return 0;
}
