// SPDX-License-Identifier: GPL-2.0-only
/* `hindsight report`: validation and what-if of one or more traces as a page with plots. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/output.h"
#include "cli/report.h"
#include "cli/scenario_file.h"
#include "lib/cleanup.h"

static int make_folder(const char *path)
{
	struct stat info;

	if (mkdir(path, 0755) == 0)
		return HS_EXIT_OK;
	if (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return HS_EXIT_OK;
	return hs_failf(HS_EXIT_FAILED, "%s: cannot be made a folder: %s", path, strerror(errno));
}

/* A loss is reported in the page; it ends the command with its own status, but only at the end. */
static int merge_status(int status, int added)
{
	return added && (!status || status == HS_EXIT_INCOMPLETE) ? added : status;
}

static bool is_fatal(int status)
{
	return status != HS_EXIT_OK && status != HS_EXIT_INCOMPLETE;
}

static int replay_all(struct hs_report *report, struct hs_study *study, enum hs_mode mode,
		      const struct hs_policy_list *policies)
{
	int status = HS_EXIT_OK;

	for (size_t i = 0; i < report->nr_traces && !is_fatal(status); i++)
		status = merge_status(status, hs_study_add_trace(study, report->arguments, report->facts[i].path, mode,
								 policies));
	return status;
}

static int replay(struct hs_report *report)
{
	const struct hs_arguments *arguments = report->arguments;
	bool has_others = hs_has_option(arguments, "policy") || hs_has_option(arguments, "set") ||
			  hs_has_option(arguments, "scenario");
	struct hs_policy_list recorded, free_running;
	int status = hs_policy_list_parse(arguments, "report", HS_POLICY_AS_RECORDED, &recorded);

	if (!status)
		status = replay_all(report, &report->validate, HS_MODE_VALIDATE, &recorded);
	hs_policy_list_deinit(&recorded);
	if (is_fatal(status) || !has_others)
		return status;
	status = merge_status(status, hs_policy_list_parse(arguments, "report", 0, &free_running));
	if (!is_fatal(status))
		status = merge_status(status, replay_all(report, &report->whatif, HS_MODE_WHATIF, &free_running));
	hs_policy_list_deinit(&free_running);
	return status;
}

static int read_facts(struct hs_report *report)
{
	int status = HS_EXIT_OK;

	report->facts = calloc(hs_operand_count(report->arguments), sizeof(*report->facts));
	if (!report->facts)
		return hs_fail_nomem();
	for (size_t i = 0; i < hs_operand_count(report->arguments) && !status; i++) {
		const char *path = hs_operand(report->arguments, i);

		if (strcmp(path, "-") == 0)
			return hs_usage_error("report", "a report reads its traces several times: give files, not '-'");
		report->nr_traces++;
		status = hs_report_facts_read(&report->facts[i], report->arguments, path);
	}
	return status;
}

static int write_tables(const struct hs_report *report)
{
	hs_auto_free char *path = NULL;
	struct hs_error err = { 0 };
	FILE *out;

	if (asprintf(&path, "%s/report.json", report->folder) < 0) {
		path = NULL;
		return hs_fail_nomem();
	}
	if (hs_output_open(path, true, &out, &err))
		return hs_fail(HS_EXIT_FAILED, &err);
	hs_tables_render(report->tables.items, report->tables.count, HS_TABLE_JSON, out);
	if (hs_output_close(out, path, 0, &err))
		return hs_fail(HS_EXIT_FAILED, &err);
	if (chmod(path, 0644))
		return hs_failf(HS_EXIT_FAILED, "%s: %s", path, strerror(errno));
	return HS_EXIT_OK;
}

static int write_page(struct hs_report *report)
{
	hs_auto_free char *path = NULL;
	struct hs_error err = { 0 };

	if (asprintf(&path, "%s/index.html", report->folder) < 0) {
		path = NULL;
		return hs_fail_nomem();
	}
	report->page = hs_page_create("hindsight report");
	hs_report_chapters(report);
	if (hs_page_close(report->page, path, &err) && !report->status)
		report->status = hs_fail(HS_EXIT_FAILED, &err);
	if (!report->status)
		report->status = write_tables(report);
	if (!report->status)
		hs_notef(report->arguments, 1, "wrote %s", path);
	return report->status;
}

static void deinit_report(struct hs_report *report)
{
	for (size_t i = 0; report->facts && i < report->nr_traces; i++)
		hs_report_facts_deinit(&report->facts[i]);
	free(report->facts);
	hs_vec_for_each(table, &report->tables)
		hs_table_destroy(*table);
	hs_vec_deinit(&report->tables);
	hs_study_deinit(&report->validate);
	hs_study_deinit(&report->whatif);
}

static int run_report(const struct hs_arguments *arguments)
{
	struct hs_report report = { .arguments = arguments, .folder = hs_option_text(arguments, "output") };
	int status;

	if (!report.folder)
		return hs_usage_error("report", "-o DIR is missing: where the page, plots and data go");
	status = read_facts(&report);
	if (!status)
		status = replay(&report);
	if (!is_fatal(status))
		status = merge_status(status, make_folder(report.folder));
	if (!is_fatal(status))
		status = merge_status(status, write_page(&report));
	deinit_report(&report);
	return status;
}

static const struct hs_option options[] = {
	{ 'o', "output", "DIR", false, "folder for index.html, report.json, plots and data; made if missing" },
	{ 'm', "model", "MODEL,…", false, "models to run, with those they stand on (default: all with events)" },
	{ 'P', "policy", "FILE.ini", true, "a policy from an INI file" },
	{ 's', "set", "[NAME:]KEY=VALUE[,…]", true, "a policy that sets these keys, called NAME" },
	HS_SCENARIO_OPTION,
	{ 0, NULL, NULL, false, NULL },
};

static const struct hs_example examples[] = {
	{ "hindsight report t.hst -o report", "does the model decide as the kernel did?" },
	{ "hindsight report t.hst -s max_ptes_none=0 -s max_ptes_none=511 -o report",
	  "the same, and what two settings would have done" },
	{ NULL, NULL },
};

const struct hs_command hs_command_report = {
	.name = "report",
	.operands = "FILE…",
	.min_operands = 1,
	.max_operands = 0xffff,
	.reads_trace = true,
	.summary = "write a report page with plots",
	.description =
		"Replays traces twice. In validation every recorded decision is asked again, under the policy as recorded "
		"and under the others given. In what-if the models run free under each policy; where only one is given, it "
		"is compared with the one as recorded, else the others with the first one. The page needs no script and no "
		"network; each plot lies beside it as SVG and PNG with the gnuplot script and data that made it.",
	.options = options,
	.examples = examples,
	.run = run_report,
};
