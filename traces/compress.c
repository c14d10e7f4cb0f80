// SPDX-License-Identifier: GPL-2.0-only
#include "traces/compress.h"

#include <errno.h>
#include <zstd.h>

/* Our opaque names are the library's contexts. */
static ZSTD_CCtx *compressing(struct hs_compressor *compressor)
{
	return (ZSTD_CCtx *)compressor;
}

static ZSTD_DCtx *decompressing(struct hs_decompressor *decompressor)
{
	return (ZSTD_DCtx *)decompressor;
}

struct hs_compressor *hs_compressor_create(int level)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	if (context && (ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)) ||
			ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)))) {
		ZSTD_freeCCtx(context);
		return NULL;
	}
	return (struct hs_compressor *)context;
}

void hs_compressor_destroy(struct hs_compressor *compressor)
{
	ZSTD_freeCCtx(compressing(compressor));
}

size_t hs_compress_bound(size_t bytes)
{
	return ZSTD_compressBound(bytes);
}

int hs_compress_frame(struct hs_compressor *compressor, const void *from, size_t bytes, void *to, size_t *frame_bytes)
{
	size_t done = ZSTD_compress2(compressing(compressor), to, hs_compress_bound(bytes), from, bytes);

	if (ZSTD_isError(done))
		return -ENOMEM;
	*frame_bytes = done;
	return 0;
}

struct hs_decompressor *hs_decompressor_create(void)
{
	return (struct hs_decompressor *)ZSTD_createDCtx();
}

void hs_decompressor_destroy(struct hs_decompressor *decompressor)
{
	ZSTD_freeDCtx(decompressing(decompressor));
}

int hs_decompress_frame(struct hs_decompressor *decompressor, const void *frame, size_t frame_bytes, void *to,
			size_t bytes)
{
	size_t done;

	if (ZSTD_findFrameCompressedSize(frame, frame_bytes) != frame_bytes)
		return -EBADMSG;
	done = ZSTD_decompressDCtx(decompressing(decompressor), to, bytes, frame, frame_bytes);
	return ZSTD_isError(done) || done != bytes ? -EBADMSG : 0;
}
