/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_REPLAY_RUN_H
#define HS_REPLAY_RUN_H
/*
 * A trace going through the engine, as replay, state, compare, sweep and report need it: looks ahead for
 * losses, opens, selects what the models want, runs, closes.
 */
#include "cli/command.h"
#include "cli/trace_input.h"
#include "replay/engine.h"

struct hs_replay {
	struct hs_trace_input input;
	struct hs_engine *engine;
	struct hs_losses losses;
	struct hs_run run;		/* of the last hs_replay_next */
	/* Optional, set behind hs_replay_open: the time of a run's first event, before the models see it. */
	void (*before_run)(void *context, uint64_t time);
	void *context;
};

/*
 * Opens the trace and creates the engine. header and losses of setup are filled in here; models NULL means
 * all that the trace has events for. HS_EXIT_OK, or an exit status with the sentence already printed and nothing
 * left.
 */
int hs_replay_open(struct hs_replay *replay, const struct hs_arguments *arguments, const char *path,
		   struct hs_engine_setup *setup);

/* Next run through the engine: 1; 0 after the last, when the daemons have run too; -errno, already printed. */
int hs_replay_next(struct hs_replay *replay);

/* Destroys the engine, closes the trace; as hs_trace_close. */
int hs_replay_close(struct hs_replay *replay, int status);

/*
 * A comma-separated list of models, NULL-terminated, in *list (one allocation, owned by the caller); text
 * NULL gives NULL. -ENOENT: an unknown model, with those that there are.
 */
int hs_model_list_parse(const char *text, const char ***list, struct hs_error *err);

/* "validate" or "whatif"; -EINVAL. NULL is validate. */
int hs_mode_parse(const char *text, enum hs_mode *mode, struct hs_error *err);

#endif
