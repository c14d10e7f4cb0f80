/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_TRANSLATE_SVM_H
#define HS_TRANSLATE_SVM_H
/* Ring records of a GPU's driver become rows of svm.*. */
#include "bpf/event.h"
#include "collectors/sink.h"
#include "lib/hash_map.h"

/* A record of HS_RECORD_GPU_FAULT_BEGIN … HS_RECORD_ATTRIBUTES as one row of these ids. */
void hs_translate_svm(struct hs_sink *sink, const struct hs_record *record, uint32_t task, uint32_t mm);

/*
 * Whose fault is it? The end of svm_range_restore_pages knows the process only by its number in the GPU (pasid), its
 * inner steps know the process. A thread serves one fault at a time. All zero is a valid start.
 */
struct hs_gpu_processes {
	struct hs_hash_map serving;	/* worker thread: leader of the process whose fault it serves */
	struct hs_hash_map by_pasid;	/* pasid: leader */
};
void hs_gpu_processes_deinit(struct hs_gpu_processes *processes);

/* Thread id of the leader of a record's process, 0 unknown. Records in order of time. */
uint32_t hs_gpu_processes_find(struct hs_gpu_processes *processes, const struct hs_record *record);

#endif
