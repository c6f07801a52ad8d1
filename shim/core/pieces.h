/*
 * pieces.h: a datagram that is sent or received in several pieces (sendmsg(2), readv(2)).
 *
 * A SIP header may be cut anywhere: sofia-sip sends a new start line and Via before the pieces
 * of an older message. A head and a body need no joining, nor does what is neither SIP nor
 * DNS. Pure, except pieces_readable(); no allocation.
 */
#ifndef STICKYDNS_PIECES_H
#define STICKYDNS_PIECES_H

#include <sys/uio.h>

#include "policy/wire/sip-message.h"

enum { PIECES_MAX = 4096 };		/* bytes that are joined: a transaction and a dialog are told by the first lines */

/* Do the `len` bytes of the first piece, which may be none, begin a SIP message whose header goes on in the next one? */
static inline bool pieces_cut(const void *head, size_t len)
{
	const char *p = head;
	if (len < SIP_SHORTEST)
		return len == 0 || (p[0] >= 'A' && p[0] <= 'Z');
	return sip_looks(p, len) && memcmp(p + len - 3, "\n\r\n", 3) != 0 && memcmp(p + len - 2, "\n\n", 2) != 0;
}

/* May the first PIECES_MAX bytes of them be read? `piece` itself may. */
bool pieces_readable(const struct iovec *piece, size_t pieces);

/* Copies the first PIECES_MAX of `len` bytes to `out`; returns how many there were. */
size_t pieces_join(const struct iovec *piece, size_t pieces, size_t len, char out[static PIECES_MAX]);

/* Writes the `len` bytes, which were joined, into the pieces. */
void pieces_split(const struct iovec *piece, size_t pieces, const char *bytes, size_t len);

#endif
