// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/decision_file.h"
#include "analysis/names.h"
#include "lib/cleanup.h"
#include "lib/units.h"
#include "traces/reader.h"

struct hs_decision_reader {
	struct hs_reader *file;
	struct hs_names names;
	HS_VEC(char *) policies;
	enum hs_mode mode;
	struct hs_decision recorded, modelled;	/* what the last outcome points to */
	struct hs_decision ahead;		/* a row read too far */
	struct hs_outcome ahead_outcome;	/* its policy and verdict; recorded or modelled says which it is */
	uint64_t unknown;
	bool has_ahead;
};

void hs_decision_reader_close(struct hs_decision_reader *reader)
{
	if (!reader)
		return;
	hs_reader_close(reader->file);
	hs_names_deinit(&reader->names);
	hs_vec_for_each(policy, &reader->policies)
		free(*policy);
	hs_vec_deinit(&reader->policies);
	free(reader);
}

static int add_policy(struct hs_decision_reader *reader, uint64_t number)
{
	char key[64];
	const char *name;
	char *copy = NULL;

	snprintf(key, sizeof(key), "replay.policy.%llu", (unsigned long long)number);
	name = hs_header_attribute(hs_reader_header(reader->file), key);
	if (name ? !(copy = strdup(name)) : asprintf(&copy, "policy %llu", (unsigned long long)number) < 0)
		return -ENOMEM;
	if (hs_vec_push(&reader->policies, copy))
		return 0;
	free(copy);
	return -ENOMEM;
}

static int read_attributes(struct hs_decision_reader *reader, const char *path, struct hs_error *err)
{
	const struct hs_header *header = hs_reader_header(reader->file);
	const char *mode = hs_header_attribute(header, "replay.mode");
	const char *count = hs_header_attribute(header, "replay.policies");
	uint64_t nr;

	if (!mode || !count)
		return hs_error_set(err, -EINVAL, "%s is a trace, not a decision file; make one with "
				    "'hindsight replay %s -o FILE.hsd'", path, path);
	if (hs_parse_u64_in(count, 1, UINT16_MAX, &nr))
		return hs_error_set(err, -EINVAL, "%s: attribute replay.policies is '%s', not 1 to 65535", path, count);
	reader->mode = strcmp(mode, "whatif") == 0 ? HS_MODE_WHATIF : HS_MODE_VALIDATE;
	for (uint64_t i = 0; i < nr; i++)
		if (add_policy(reader, i))
			return hs_error_nomem(err);
	return 0;
}

int hs_decision_reader_open(const char *path, struct hs_decision_reader **out, struct hs_error *err)
{
	struct hs_decision_reader *reader = calloc(1, sizeof(*reader));
	hs_kind_set kinds = { { 0 } };
	int status;

	if (!reader)
		return hs_error_nomem(err);
	status = hs_reader_open(path, &reader->file, err);
	if (!status)
		status = read_attributes(reader, path, err);
	if (status) {
		hs_decision_reader_close(reader);
		return status;
	}
	hs_kind_set_add(&kinds, HS_KIND_replay_decision);
	hs_reader_select_kinds(reader->file, &kinds);
	*out = reader;
	return 0;
}

const struct hs_header *hs_decision_reader_header(const struct hs_decision_reader *reader)
{
	return hs_reader_header(reader->file);
}

enum hs_mode hs_decision_reader_mode(const struct hs_decision_reader *reader)
{
	return reader->mode;
}

uint32_t hs_decision_reader_nr_policies(const struct hs_decision_reader *reader)
{
	return (uint32_t)reader->policies.count;
}

const char *hs_decision_reader_policy(const struct hs_decision_reader *reader, uint32_t policy)
{
	return reader->policies.items[policy];
}

void hs_decision_reader_get_state(const struct hs_decision_reader *reader, struct hs_reader_state *state)
{
	hs_reader_get_state(reader->file, state);
}

uint64_t hs_decision_reader_unknown(const struct hs_decision_reader *reader)
{
	return reader->unknown;
}

static int find_point(const struct hs_bytes *name)
{
	for (int i = 0; i < HS_NR_POINTS; i++)
		if (strlen(hs_points[i].name) == name->length && memcmp(hs_points[i].name, name->data, name->length) == 0)
			return i;
	return -1;
}

static const char *text_of(struct hs_decision_reader *reader, const struct hs_bytes *bytes)
{
	int number = hs_names_intern(&reader->names, bytes->data, bytes->length);

	return number < 0 ? NULL : hs_names_text(&reader->names, number);
}

static int check_row(const struct hs_decision_reader *reader, const struct hs_replay_decision *row,
		     struct hs_error *err)
{
	if (row->basis >= HS_NR_BASES)
		return hs_error_set(err, -EINVAL, "decision with basis %u; 0 to 2 are known", row->basis);
	if (row->verdict >= HS_NR_VERDICTS)
		return hs_error_set(err, -EINVAL, "decision with verdict %u; 0 to 3 are known", row->verdict);
	if (row->cause >= HS_NR_CAUSES)
		return hs_error_set(err, -EINVAL, "decision with cause %u; 0 to 6 are known", row->cause);
	if (row->origin > HS_ORIGIN_MODELLED)
		return hs_error_set(err, -EINVAL, "decision with origin %u; 0 and 1 are known", row->origin);
	if (row->policy >= reader->policies.count)
		return hs_error_set(err, -EINVAL, "decision of policy %u; the header names %zu", row->policy,
				    reader->policies.count);
	return 0;
}

static int take_row(struct hs_decision_reader *reader, const struct hs_replay_decision *row, int point,
		    struct hs_error *err)
{
	struct hs_decision *decision = &reader->ahead;

	*decision = (struct hs_decision){
		.time = row->row.time, .task = row->row.task, .mm = row->row.mm, .point = (enum hs_point)point,
		.subject = row->subject, .subject_end = row->subject_end,
		.result = text_of(reader, &row->result), .reason = text_of(reader, &row->reason),
		.basis = row->basis, .cause = row->cause,
		.cost = { row->cost0, row->cost1, row->cost2, row->cost3, row->cost4, row->cost5, row->cost6,
			  row->cost7 },
	};
	if (!decision->result || !decision->reason)
		return hs_error_nomem(err);
	reader->ahead_outcome = (struct hs_outcome){
		.policy = row->policy, .verdict = row->verdict,
		.recorded = row->origin == HS_ORIGIN_RECORDED ? decision : NULL,
		.modelled = row->origin == HS_ORIGIN_MODELLED ? decision : NULL,
	};
	reader->has_ahead = true;
	return 1;
}

/* Fills ahead: 1, end 0, or an error. */
static int read_ahead(struct hs_decision_reader *reader, struct hs_error *err)
{
	struct hs_event event;
	int status;

	while (!reader->has_ahead) {
		int point;

		status = hs_reader_next_event(reader->file, &event, err);
		if (status <= 0)
			return status;
		/* The reader reports damage as meta.lost whether asked for it or not. */
		if (event.kind != HS_KIND_replay_decision)
			continue;
		status = check_row(reader, event.replay_decision, err);
		if (status)
			return status;
		point = find_point(&event.replay_decision->point);
		if (point < 0)
			reader->unknown++;
		else
			return take_row(reader, event.replay_decision, point, err);
	}
	return 1;
}

/* Is the row ahead the modelled half of the recorded row that was taken? */
static bool is_counterpart(const struct hs_decision_reader *reader, const struct hs_outcome *outcome)
{
	const struct hs_outcome *ahead = &reader->ahead_outcome;

	return ahead->modelled && ahead->verdict != HS_VERDICT_NONE && ahead->verdict == outcome->verdict &&
	       ahead->policy == outcome->policy && ahead->modelled->point == outcome->recorded->point &&
	       ahead->modelled->time == outcome->recorded->time;
}

int hs_decision_reader_next(struct hs_decision_reader *reader, struct hs_outcome *outcome, struct hs_error *err)
{
	int status = read_ahead(reader, err);

	if (status <= 0)
		return status;
	reader->has_ahead = false;
	*outcome = reader->ahead_outcome;
	if (outcome->modelled) {
		reader->modelled = reader->ahead;
		outcome->modelled = &reader->modelled;
		return 1;
	}
	reader->recorded = reader->ahead;
	outcome->recorded = &reader->recorded;
	status = read_ahead(reader, err);
	if (status < 0)
		return status;
	if (status && is_counterpart(reader, outcome)) {
		reader->has_ahead = false;
		reader->modelled = reader->ahead;
		outcome->modelled = &reader->modelled;
	}
	return 1;
}
