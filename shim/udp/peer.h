/*
 * peer.h: which socket a datagram descriptor is, to whom it is connected, and whom its replies seem to come from.
 *
 * The kernel is asked once for each descriptor (fds.h). A connected socket hears its peer alone. So what a program
 * sends through it can go elsewhere only if the socket is connected elsewhere. Then the program's peer, the original,
 * and the kernel's, the actual one, differ. Another socket is redirected packet by packet. In both cases replies seem to come
 * from the original.
 *
 * What was redirected is remembered under the socket's cookie, in the memory that the program's processes share
 * (shared.h). Times are milliseconds of CLOCK_MONOTONIC. No locks, no allocation; errno is kept.
 */
#ifndef STICKYDNS_PEER_H
#define STICKYDNS_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "policy/wire/sip-message.h"
#include "shim/core/peername.h"
#include "shim/core/redirect-memory.h"

/* The cookie of a datagram socket that is not connected; 0: of any other. */
uint64_t peer_unconnected(int fd);

/*
 * A number, of this process, for the connection of a datagram socket; 0: it has none.
 * Another one once the socket was connected anew, as far as this process has done it.
 */
uint64_t peer_number(int fd);

struct peer {
	struct endpoint original, actual;	/* complete */
};

static inline bool peer_is_redirected(const struct peer *p) { return !endpoint_same(&p->original, &p->actual); }

/*
 * The peers of a connected datagram socket, as they were when this was asked for
 * first: a duplicate of it in another process may connect it elsewhere.
 */
bool peer_of(int fd, struct peer *p);

/* A number for the server at `addr`, or if that is NULL for the connected peer of fd. 0: it is not known. */
uint64_t peer_key(int fd, const struct sockaddr *addr, socklen_t len);

/* ---- out ---- */

/* Remembers: what fd, which is not connected, sends to `original` goes to `actual` from now on. False: it cannot be redirected. */
bool peer_redirect(int fd, const struct endpoint *original, const struct endpoint *actual, uint64_t at_ms);

/* Remembers that fd, which is not connected, sends to `e` because the program said so. */
void peer_note_own(int fd, const struct endpoint *e, uint64_t at_ms);

/*
 * Connects the socket, which is as *p says, to `to`, and remembers it: its own address
 * and port stay, as does what it has received, and an error that is pending. True:
 * p->actual is `to`. False: it is connected as before, to p->actual, which is somebody
 * else's doing if it has changed.
 */
bool peer_reconnect(int fd, struct peer *p, const struct endpoint *to);

/* The program has itself connected it to `sa`: that is whom it is to hear of from now on. */
void peer_connected(int fd, const struct sockaddr *sa, socklen_t len);

/* ---- back ---- */

/*
 * A datagram came in on fd from `s`, which is `known`. `m`: the SIP message that it is, or NULL. If it
 * answers what was redirected, `sa` is made to say the original. A response says itself
 * which request it answers, and where that was sent; anything else comes from the original to which
 * the socket sent last, unless the socket has sent to `s` itself.
 */
void peer_rename_sender(int fd, struct peername *s, const struct sip_message *m, struct sockaddr *sa);

#endif
