/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HS_COMPRESS_H
#define HS_COMPRESS_H
/* zstd frames, each with zstd's own checksum. The only place that knows the zstd library. */
#include <stddef.h>

struct hs_compressor;
struct hs_decompressor;

/* level: 1 to 19; NULL: out of memory. destroy accepts NULL. */
struct hs_compressor *hs_compressor_create(int level);
void hs_compressor_destroy(struct hs_compressor *compressor);

/* Largest frame that bytes of input can become. */
size_t hs_compress_bound(size_t bytes);

/* One frame into room for hs_compress_bound(bytes). 0 and its size, or -ENOMEM. */
int hs_compress_frame(struct hs_compressor *compressor, const void *from, size_t bytes, void *to,
		      size_t *frame_bytes);

struct hs_decompressor *hs_decompressor_create(void);
void hs_decompressor_destroy(struct hs_decompressor *decompressor);

/* Exactly one frame of frame_bytes that holds exactly `bytes` bytes. 0, or -EBADMSG: it is something else. */
int hs_decompress_frame(struct hs_decompressor *decompressor, const void *frame, size_t frame_bytes, void *to,
			size_t bytes);

#endif
