/*
 * onset.h: the first bytes on a TCP connection that was redirected.
 *
 * A connect comes before the message, so its purpose is not known yet. If the first message shows
 * that it belongs elsewhere, the connection is made anew, on the same socket: descriptor, flags and
 * options stay, and so does whoever waits for it in epoll. It belongs elsewhere if its next hop is
 * written as the number that the program asked for (sip-hop.h), or if its dialog's server is
 * another (dialogs.h). So it does if the connection was redirected to a dialog's server and the
 * message begins something new. This is done only while not a byte went through. To the program
 * the socket looks as during a connect: a send waits, or fails with EAGAIN.
 *
 * For an instant between two system calls the socket is closed. Another thread, or process, that
 * waits for it just then may see a hangup. TLS hides the message: such a connection stays where it
 * is. State of fixed size; no locks, no allocation.
 */
#ifndef STICKYDNS_ONSET_H
#define STICKYDNS_ONSET_H

#include <stdbool.h>
#include <sys/uio.h>

#include "policy/base/atomic.h"
#include "policy/base/endpoint.h"
#include "shim/core/export.h"

enum { ONSETS = 64 };
extern HIDDEN word32 onset_fds[ONSETS];	/* fd + 1, at fd modulo ONSETS: its connect was redirected, and nothing was sent since */

/* A connect of fd to `original` is about to go to `actual`: getpeername(2) is to say `original`. errno may change. */
void onset_connect(int fd, const struct endpoint *original, const struct endpoint *actual);

/* One is about to go to `e`, as the program asked. errno may change. */
void onset_connect_plainly(int fd, const struct endpoint *e);

/* fd's connect to `original` was redirected to `to`, and is there, or in flight. errno is kept. */
void onset_redirected(int fd, const struct endpoint *original, const struct endpoint *to);

/* It goes where the program asked, or nowhere. */
static inline void onset_forget(int fd)
{
	word32 *w = &onset_fds[(unsigned)fd % ONSETS];
	if (__builtin_expect(get32(w) == (uint32_t)fd + 1, 0))
		put32(w, 0);
}

/* Is what the program sends now the first on a connection that was redirected? One load. */
static inline bool onset_due(int fd) { return get32(&onset_fds[(unsigned)fd % ONSETS]) == (uint32_t)fd + 1; }

/*
 * These pieces are about to be sent, of which the first iovec itself is known to be good. False: the
 * connect to where they belong failed, and errno says how: so does the send. Else errno is kept.
 */
bool onset_sends(int fd, const struct iovec *piece, size_t pieces);

#endif
