/* pieces.c: see pieces.h. */
#include "shim/core/pieces.h"

#include "shim/core/memory.h"

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

bool pieces_readable(const struct iovec *piece, size_t pieces)
{
	size_t left = PIECES_MAX;
	for (size_t i = 0; i < pieces && left > 0; i++) {
		const size_t n = least(piece[i].iov_len, left);
		if (n > 0 && !memory_readable(piece[i].iov_base, n))
			return false;
		left -= n;
	}
	return true;
}

void pieces_split(const struct iovec *piece, size_t pieces, const char *bytes, size_t len)
{
	for (size_t i = 0; i < pieces && len > 0; i++) {
		const size_t n = least(piece[i].iov_len, len);
		if (n > 0)
			memcpy(piece[i].iov_base, bytes, n);
		bytes += n;
		len -= n;
	}
}

size_t pieces_join(const struct iovec *piece, size_t pieces, size_t len, char out[static PIECES_MAX])
{
	const size_t most = least(len, PIECES_MAX);
	size_t at = 0;
	for (size_t i = 0; i < pieces && at < most; i++) {
		const size_t n = least(piece[i].iov_len, most - at);
		if (n > 0)
			memcpy(out + at, piece[i].iov_base, n);
		at += n;
	}
	return at;
}
