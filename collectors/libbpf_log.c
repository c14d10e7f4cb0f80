// SPDX-License-Identifier: GPL-2.0-only
#include "collectors/libbpf_log.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_BYTES = 64 << 10 };

static __thread struct {
	char text[LOG_BYTES];
	size_t used;
} log_;

static int keep(enum libbpf_print_level level, const char *format, va_list args)
{
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	length = vsnprintf(log_.text + log_.used, LOG_BYTES - log_.used, format, args);
	if (length > 0)
		log_.used += (size_t)length < LOG_BYTES - log_.used ? (size_t)length : LOG_BYTES - log_.used - 1;
	return length;
}

void hs_libbpf_log_start(void)
{
	libbpf_set_print(keep);
	hs_libbpf_log_clear();
}

void hs_libbpf_log_clear(void)
{
	log_.used = 0;
	log_.text[0] = '\0';
}

char *hs_libbpf_log_take(void)
{
	return log_.used ? strdup(log_.text) : NULL;
}

/* libbpf begins every sentence about a program with: prog 'NAME': */
bool hs_libbpf_log_culprit(char *name, size_t size)
{
	static const char mark[] = "prog '";
	const char *at = NULL, *end;

	for (const char *next = log_.text; (next = strstr(next, mark)); next += sizeof(mark) - 1)
		at = next + sizeof(mark) - 1;
	end = at ? strchr(at, '\'') : NULL;
	if (!end || (size_t)(end - at) >= size)
		return false;
	memcpy(name, at, (size_t)(end - at));
	name[end - at] = '\0';
	return true;
}
