/*
 * datagram.h: what SIP over UDP tells of a candidate.
 *
 * UDP has no connection that could be refused in time, so the requests themselves
 * are watched: an answer proves that the server lives; a REGISTER or INVITE that
 * is sent a fifth time into silence, a 503, and an ICMP error prove that it does
 * not. Only what starts like SIP and goes to or comes from a candidate is looked
 * at; nothing is changed. Called after the kernel's own call succeeded, so that it
 * has read or written the bytes. No locks, no allocation; errno is kept.
 */
#ifndef STICKYDNS_DATAGRAM_H
#define STICKYDNS_DATAGRAM_H

#include <stddef.h>
#include <sys/socket.h>

/* `len` bytes were sent on fd, to `to` or, if that is NULL, to the connected peer. */
void datagram_sent(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len);

/* `len` bytes were received on fd, from `from` or, if that is NULL, from the connected peer. */
void datagram_received(int fd, const void *buf, size_t len, const struct sockaddr *from, socklen_t from_len);

/* A call on fd failed with `error`: on a connected socket an ICMP error of its peer (udp(7)). */
void datagram_failed(int fd, int error);

/* A message of the error queue of fd (MSG_ERRQUEUE, IP_RECVERR, ip(7)): msg_name is the peer that could not be reached. */
void datagram_error(int fd, const struct msghdr *msg);

#endif
