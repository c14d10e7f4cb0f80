/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_CLEANUP_H
#define HS_CLEANUP_H
/* Scope guards: the variable's destructor runs when the scope ends. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define hs_cleanup(function) __attribute__((cleanup(function)))

static inline void hs_free_pointer(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

static inline void hs_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void hs_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define hs_auto_free hs_cleanup(hs_free_pointer)
#define hs_auto_fd hs_cleanup(hs_close_fd)
#define hs_auto_file hs_cleanup(hs_close_file)

/* Hands the value out of the guard's scope: `return hs_take(&object);` */
#define hs_take(pointer_to_pointer) \
	__extension__({ __typeof__(*(pointer_to_pointer)) taken_ = *(pointer_to_pointer); \
			*(pointer_to_pointer) = NULL; taken_; })

#endif
