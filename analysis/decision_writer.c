// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/decision_file.h"
#include "lib/cleanup.h"
#include "traces/writer.h"

struct pending {
	struct hs_replay_decision rows[2];	/* recorded, modelled */
	bool has[2];
	uint64_t time;
	uint64_t number;			/* order of arrival */
};

struct hs_decision_writer {
	struct hs_writer *file;
	HS_VEC(struct pending) pending;
	uint64_t next_number;
	uint64_t flushed;			/* rows before this time are in the file */
};

/* --- the header ---------------------------------------------------------------------------------- */

static int copy_text_fields(struct hs_header *to, const struct hs_header *from)
{
	char **fields[] = { &to->kernel, &to->kernel_version, &to->arch, &to->hostname, &to->command, &to->clock,
			    &to->variant };
	const char *values[] = { from->kernel, from->kernel_version, from->arch, from->hostname, from->command,
				 from->clock, from->variant };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (values[i] && hs_header_set(fields[i], values[i]))
			return -ENOMEM;
	return 0;
}

static int copy_lists(struct hs_header *to, const struct hs_header *from)
{
	hs_vec_for_each(rung, &from->rungs)
		if (hs_header_add_rung(to, rung->source, rung->rung, rung->detail))
			return -ENOMEM;
	hs_vec_for_each(name, &from->names)
		if (hs_header_add_name(to, name->table, name->number, name->name))
			return -ENOMEM;
	hs_vec_for_each(attribute, &from->attributes)
		if (hs_header_add_attribute(to, attribute->key, attribute->value))
			return -ENOMEM;
	return 0;
}

static int copy_header(struct hs_header *to, const struct hs_header *from)
{
	to->page_bytes = from->page_bytes;
	to->huge_page_bytes = from->huge_page_bytes;
	to->block_bytes = from->block_bytes;
	to->wall_offset = from->wall_offset;
	to->boot_wall = from->boot_wall;
	to->start_time = from->start_time;
	to->nr_cpus = from->nr_cpus;
	to->time_step = from->time_step;
	return copy_text_fields(to, from) ? -ENOMEM : copy_lists(to, from);
}

static int add_point_attribute(struct hs_header *header, const struct hs_point_info *point)
{
	char key[96], names[512] = "";
	size_t used = 0;

	snprintf(key, sizeof(key), "replay.cost.%s", point->name);
	for (int i = 0; i < HS_NR_COSTS && point->cost_names[i]; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? "," : "",
					 point->cost_names[i]);
	return hs_header_add_attribute(header, key, names);
}

static int add_attributes(struct hs_header *header, const struct hs_decision_file_setup *setup)
{
	char key[64], count[24];

	snprintf(count, sizeof(count), "%zu", setup->nr_policies);
	if (hs_header_add_attribute(header, "replay.mode", setup->mode == HS_MODE_WHATIF ? "whatif" : "validate") ||
	    hs_header_add_attribute(header, "replay.policies", count))
		return -ENOMEM;
	for (size_t i = 0; i < setup->nr_policies; i++) {
		snprintf(key, sizeof(key), "replay.policy.%zu", i);
		if (hs_header_add_attribute(header, key, setup->policies[i].name ? setup->policies[i].name : ""))
			return -ENOMEM;
	}
	for (size_t i = 0; i < HS_NR_POINTS; i++)
		if (add_point_attribute(header, &hs_points[i]))
			return -ENOMEM;
	return 0;
}

int hs_decision_writer_create(const char *path, const struct hs_decision_file_setup *setup,
			      struct hs_decision_writer **out, struct hs_error *err)
{
	struct hs_writer_options options = { .overwrite = setup->overwrite };
	struct hs_decision_writer *writer = calloc(1, sizeof(*writer));
	struct hs_header header = { 0 };
	int status = -ENOMEM;

	if (!writer || copy_header(&header, setup->header) || add_attributes(&header, setup))
		hs_error_nomem(err);
	else
		status = hs_writer_create(path, &header, &options, &writer->file, err);
	hs_header_deinit(&header);
	if (status) {
		free(writer);
		return status;
	}
	*out = writer;
	return 0;
}

/* --- rows ---------------------------------------------------------------------------------------- */

static struct hs_bytes bytes_of(const char *text)
{
	return (struct hs_bytes){ text, text ? (uint32_t)strlen(text) : 0 };
}

static void fill_row(struct hs_replay_decision *row, const struct hs_outcome *outcome,
		     const struct hs_decision *decision, uint64_t time, uint8_t origin)
{
	*row = (struct hs_replay_decision){
		.row = { time, decision->task, decision->mm },
		.policy = outcome->policy, .origin = origin,
		.verdict = outcome->recorded ? (uint8_t)outcome->verdict : HS_VERDICT_NONE,
		.point = bytes_of(hs_points[decision->point].name),
		.subject = decision->subject, .subject_end = decision->subject_end,
		.result = bytes_of(decision->result), .reason = bytes_of(decision->reason),
		.basis = (uint8_t)decision->basis, .cause = (uint8_t)decision->cause,
		.cost0 = decision->cost[0], .cost1 = decision->cost[1], .cost2 = decision->cost[2],
		.cost3 = decision->cost[3], .cost4 = decision->cost[4], .cost5 = decision->cost[5],
		.cost6 = decision->cost[6], .cost7 = decision->cost[7],
	};
}

int hs_decision_writer_add(struct hs_decision_writer *writer, const struct hs_outcome *outcome, struct hs_error *err)
{
	const struct hs_decision *first = outcome->recorded ? outcome->recorded : outcome->modelled;
	struct pending pending = { .number = writer->next_number };

	if (!first)
		return hs_error_set(err, -EINVAL, "an outcome without a decision cannot be written");
	if (first->time < writer->flushed)
		return hs_error_set(err, -EINVAL, "a decision at %" PRIu64 " ns came after those at %" PRIu64
				    " ns were written", first->time, writer->flushed);
	pending.time = first->time;
	pending.has[HS_ORIGIN_RECORDED] = outcome->recorded != NULL;
	pending.has[HS_ORIGIN_MODELLED] = outcome->modelled != NULL;
	if (outcome->recorded)
		fill_row(&pending.rows[0], outcome, outcome->recorded, first->time, HS_ORIGIN_RECORDED);
	if (outcome->modelled)
		fill_row(&pending.rows[1], outcome, outcome->modelled, first->time, HS_ORIGIN_MODELLED);
	if (!hs_vec_push(&writer->pending, pending))
		return hs_error_nomem(err);
	writer->next_number++;
	return 0;
}

static int compare_pending(const void *a, const void *b)
{
	const struct pending *left = a, *right = b;

	if (left->time != right->time)
		return left->time < right->time ? -1 : 1;
	return (left->number > right->number) - (left->number < right->number);
}

static int write_pending(struct hs_decision_writer *writer, const struct pending *pending, struct hs_error *err)
{
	for (int origin = HS_ORIGIN_RECORDED; origin <= HS_ORIGIN_MODELLED; origin++) {
		int status = pending->has[origin] ? hs_writer_add(writer->file, HS_KIND_replay_decision,
								  &pending->rows[origin], 1, err) : 0;

		if (status)
			return status;
	}
	return 0;
}

/* Writes what is older than `time`, or all that is there. */
static int write_before(struct hs_decision_writer *writer, uint64_t time, bool all, struct hs_error *err)
{
	size_t done = 0;
	int status = 0;

	if (!writer->pending.count)
		return 0;
	qsort(writer->pending.items, writer->pending.count, sizeof(struct pending), compare_pending);
	while (!status && done < writer->pending.count && (all || writer->pending.items[done].time < time))
		status = write_pending(writer, &writer->pending.items[done++], err);
	writer->pending.count -= done;
	memmove(writer->pending.items, writer->pending.items + done, writer->pending.count * sizeof(struct pending));
	return status;
}

int hs_decision_writer_flush(struct hs_decision_writer *writer, uint64_t time, struct hs_error *err)
{
	if (time <= writer->flushed)
		return 0;
	writer->flushed = time;
	return write_before(writer, time, false, err);
}

int hs_decision_writer_close(struct hs_decision_writer *writer, struct hs_error *err)
{
	int status, close_status;

	if (!writer)
		return 0;
	status = write_before(writer, 0, true, err);
	close_status = hs_writer_close(writer->file, status ? NULL : err);
	hs_vec_deinit(&writer->pending);
	free(writer);
	return status ? status : close_status;
}
