/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_DECISION_FILE_H
#define HS_DECISION_FILE_H
/*
 * Decision files (.hsd): what a replay decided, in the trace container, as events of kind replay.decision
 * in time order. Besides what the replayed trace said of itself, the header holds these attributes:
 *
 *   replay.mode                 "validate" or "whatif"
 *   replay.policies             how many
 *   replay.policy.N             name of policy N (0, 1, …)
 *   replay.cost.POINT           names of cost0, cost1, … of a point, separated by commas
 *
 * A recorded decision and its modelled counterpart are two rows, the recorded one first, with equal time,
 * policy, point and verdict. A modelled row whose verdict is none stands alone (whatif).
 */
#include <stdint.h>

#include "lib/error.h"
#include "replay/engine.h"
#include "replay/policy.h"
#include "traces/header.h"

struct hs_decision_writer;

/* A policy's name and mode go into the header, which is copied from the trace's. */
struct hs_decision_file_setup {
	const struct hs_header *header;		/* of the replayed trace; borrowed during create */
	enum hs_mode mode;
	const struct hs_policy *policies;	/* nr_policies; borrowed during create */
	size_t nr_policies;
	bool overwrite;				/* replace an existing file; false: -EEXIST */
};

/* Errors as hs_writer_create. */
int hs_decision_writer_create(const char *path, const struct hs_decision_file_setup *setup,
			      struct hs_decision_writer **out, struct hs_error *err);

/*
 * Takes one outcome (copied; result and reason must live until the next flush). Several policies may go
 * through time one after another: rows wait here until flush says that nothing older comes.
 * 0, -ENOMEM, -EINVAL (no decision in it, or older than the last flush).
 */
int hs_decision_writer_add(struct hs_decision_writer *writer, const struct hs_outcome *outcome, struct hs_error *err);

/* Every later outcome is at `time` or later: after each hs_engine_run, the time of the run's last event. */
int hs_decision_writer_flush(struct hs_decision_writer *writer, uint64_t time, struct hs_error *err);

/* Writes the rest and closes. Always frees the writer. NULL is fine. */
int hs_decision_writer_close(struct hs_decision_writer *writer, struct hs_error *err);

struct hs_decision_reader;

/* Errors as hs_reader_open; -EINVAL: a trace, but without decisions. "-" reads standard input. */
int hs_decision_reader_open(const char *path, struct hs_decision_reader **out, struct hs_error *err);
void hs_decision_reader_close(struct hs_decision_reader *reader);

const struct hs_header *hs_decision_reader_header(const struct hs_decision_reader *reader);
enum hs_mode hs_decision_reader_mode(const struct hs_decision_reader *reader);
uint32_t hs_decision_reader_nr_policies(const struct hs_decision_reader *reader);
/* policy < nr_policies. "policy N" when the file does not say. */
const char *hs_decision_reader_policy(const struct hs_decision_reader *reader, uint32_t policy);
/* How the file's end was found, damage so far. */
void hs_decision_reader_get_state(const struct hs_decision_reader *reader, struct hs_reader_state *state);
/* Rows of points this build does not know: skipped, counted. */
uint64_t hs_decision_reader_unknown(const struct hs_decision_reader *reader);

/*
 * The next outcome, valid until the next call, its result and reason until close: 1; end: 0; -EINVAL: a row
 * makes no sense (a basis, verdict or policy out of range).
 */
int hs_decision_reader_next(struct hs_decision_reader *reader, struct hs_outcome *outcome, struct hs_error *err);

#endif
