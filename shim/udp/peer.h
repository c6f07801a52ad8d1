/*
 * peer.h: which socket a datagram descriptor is, and to whom it is connected.
 *
 * The kernel is asked once for each descriptor (fds.h). A connected socket hears its
 * peer alone, so what a program sends through it can only go elsewhere if it is
 * connected elsewhere: then the program's peer, `asked`, and the kernel's, `real`,
 * differ. That is kept in the memory that the program's processes share (moves.h),
 * under the socket's cookie. No locks, no allocation; errno is kept.
 */
#ifndef STICKYDNS_CONNECTION_H
#define STICKYDNS_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shim/core/moves.h"

/* The cookie of a datagram socket that is not connected; 0: of any other. */
uint64_t connection_none(int fd);

/*
 * A number, of this process, for the connection of a datagram socket; 0: it has none.
 * Another one once the socket was connected anew, as far as this process has done it.
 */
uint64_t connection_number(int fd);

struct connection {
	struct endpoint asked, real;	/* complete */
};

static inline bool connection_is_led(const struct connection *c) { return !endpoint_same(&c->asked, &c->real); }

/*
 * The peers of a connected datagram socket, as they were when this was asked for
 * first: a duplicate of it in another process may connect it elsewhere.
 */
bool connection_of(int fd, struct connection *c);

/*
 * Connects the socket, which is as *c says, to `to`, and remembers it: its own address
 * and port stay, as does what it has received, and an error that is pending. True:
 * c->real is `to`. False: it is connected as before, to c->real, which is somebody
 * else's doing if it has changed.
 */
bool connection_lead(int fd, struct connection *c, const struct endpoint *to);

/* The program has itself connected it to `sa`: that is whom it is to hear of from now on. */
void connection_made(int fd, const struct sockaddr *sa, socklen_t len);

/*
 * What is remembered of the socket, connected or not, about what comes in from `real`:
 * whom it seems to come from. False: nothing was moved.
 */
bool connection_find(int fd, const struct endpoint *real, struct move *mv);

#endif
