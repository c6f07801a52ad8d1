/*
 * peername.h: puts the original address in the place of a peer's address that the kernel wrote for the program.
 *
 * A program that was redirected is to see the endpoint that it chose itself (getpeername(2), recvfrom(2)). No locks, no
 * allocation.
 */
#ifndef STICKYDNS_PEERNAME_H
#define STICKYDNS_PEERNAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "policy/base/endpoint.h"

/* A socket address that the kernel wrote, of which the program may have got a part only. */
struct peername {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t have;			/* bytes that the program got */
	bool known;			/* is that for certain? */
	struct endpoint e;		/* who it is; the caller sets the transport */
};

/* The program takes as many bytes of an address as there are, presumably. */
#define PEERNAME_ROOM_UNKNOWN ((socklen_t)UINT32_MAX)

/*
 * The kernel wrote an address of `len` bytes to `sa`, the first `room` of them. False:
 * it is no IP address, or too little of it is there.
 */
bool peername_read(const struct sockaddr *sa, socklen_t len, socklen_t room, struct peername *out);

/* Writes `original` to `sa`, over the address that *p was read from. */
void peername_replace(struct peername *p, const struct endpoint *original, struct sockaddr *sa);

/*
 * The kernel wrote fd's peer to `sa`, over TCP or UDP, the first `room` of `len` bytes. If fd was redirected, the original
 * takes its place. errno may change.
 */
void peername_of_socket(int fd, struct sockaddr *sa, socklen_t len, socklen_t room);

#endif
