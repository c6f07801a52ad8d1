/*
 * route.h: where packets go, and whom answers seem to come from.
 *
 * What a program sends to a candidate of a sticky name is moved to the name's pin
 * (DNS answers that were cached, sorted again, or asked for once): TCP connects, and
 * over UDP what sip-route.h says; with `steer = on` every datagram. A connected UDP
 * socket hears its peer alone, so it is connected anew (peer.h), and only for a
 * SIP request that goes to the pin. Replies then seem to come from the address that
 * the program asked.
 *
 * What was moved is remembered in memory that the program's processes share
 * (moves.h). No locks, no allocation; errno is kept by all but what it is said of.
 */
#ifndef STICKYDNS_ROUTE_H
#define STICKYDNS_ROUTE_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "policy/wire/sip-message.h"
#include "shim/core/moves.h"

/* Makes the memory. */
void route_start(void);

/* The shared memory; NULL: there is none, and nothing is moved. */
extern struct moves *route_moves;

/* Was anything ever moved, by this process, its parents or children? One or two loads. */
static inline bool route_any(void)
{
	return route_moves && get32(&route_moves->any);
}

/* Was anything that was sent to `asked` moved? */
static inline bool route_moved(const struct endpoint *asked)
{
	return route_any() && bits_have(&route_moves->moved, asked);
}

/* Remembers: what socket `fd`, which is not connected, sends to `asked` goes to `real` from now on. False: it cannot be moved. */
bool route_move(int fd, const struct endpoint *asked, const struct endpoint *real, uint64_t now_ms);

/* Remembers that socket `fd` sends to `e` because the program said so. */
void route_own(int fd, const struct endpoint *e, uint64_t now_ms);

/* `sa`, a socket address of `e`'s family that can be written, gets its address and port. */
void route_address(const struct endpoint *e, struct sockaddr *sa);

/* Is it the host's own trouble with the address it was moved to, so that the one asked is to be tried? */
bool route_is_local(int error);

/* ---- back ---- */

/* A socket address that the kernel wrote, of which the program may have got a part only. */
struct route_sender {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t have;			/* bytes that the program got */
	bool known;			/* is that for certain? */
	struct endpoint e;		/* who it is; transport is the caller's */
};

/* The program takes as many bytes of an address as there are, presumably. */
#define ROUTE_ROOM_UNKNOWN ((socklen_t)UINT32_MAX)

/*
 * The kernel wrote an address of `len` bytes to `sa`, the first `room` of them. False:
 * it is no IP address, or too little of it is there.
 */
bool route_sender_of(const struct sockaddr *sa, socklen_t len, socklen_t room, struct route_sender *out);

/*
 * A datagram came in on fd from `s`, which is `known`. `m`: the SIP message that it is, or NULL. If it
 * answers what was moved, `sa` is made to say the address asked. A response says itself
 * which request it answers, and where that was sent; anything else comes from the
 * address that the socket asked last, unless the socket has sent to `s` itself.
 */
void route_back(int fd, struct route_sender *s, const struct sip_message *m, struct sockaddr *sa);

/* ---- connections ---- */

/* A TCP connect of fd to `asked` went to `real`: getpeername(2) is to say `asked`. */
void route_connected(int fd, const struct endpoint *asked, const struct endpoint *real);

/* A TCP connect of fd goes to `e` as asked. */
void route_connected_plainly(int fd, const struct endpoint *e);

/* The kernel wrote fd's peer to `sa`, over TCP or UDP, the first `room` of `len` bytes: the one asked takes its place. */
void route_peer(int fd, struct sockaddr *sa, socklen_t len, socklen_t room);

#endif
