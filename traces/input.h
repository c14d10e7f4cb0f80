/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_INPUT_H
#define HS_INPUT_H
/* A file to be read at any offset. Pipes are copied to an unlinked temporary file first. */
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct hs_input {
	int fd;
	uint64_t bytes;		/* size when it was opened */
	char *name;		/* for messages */
};

/* path "-": standard input. -errno of open; -EISDIR; -ENODATA: empty. */
int hs_input_open(const char *path, struct hs_input *input, struct hs_error *err);
void hs_input_close(struct hs_input *input);

/* Exactly length bytes at offset. -EIO: the file has become shorter; -errno of read. */
int hs_input_read(const struct hs_input *input, uint64_t offset, void *to, size_t length, struct hs_error *err);

#endif
