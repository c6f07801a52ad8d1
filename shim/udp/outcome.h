/*
 * outcome.h: what SIP over UDP tells of a candidate.
 *
 * UDP has no connection that could be refused in time, so the requests themselves are watched. An
 * answer proves that the server lives. A REGISTER or INVITE that is sent a fifth time into silence,
 * a 503, and an ICMP error prove that it does not. Only bytes that start like SIP and go to or come
 * from a candidate are looked at. This is called after the kernel's own call succeeded, so the bytes
 * can be read. send.h has what must be known before a datagram goes. No locks, no allocation; errno
 * is kept.
 */
#ifndef STICKYDNS_DATAGRAM_H
#define STICKYDNS_DATAGRAM_H

#include <stddef.h>
#include <sys/socket.h>

#include "policy/wire/sip-message.h"

/* `len` bytes were sent on fd, to `to` or, if that is NULL, to the connected peer. */
void datagram_sent(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len);

/*
 * `len` bytes were received on fd, from `from` or, if that is NULL, from the connected
 * peer. The kernel wrote the first `room` of the address's from_len bytes; they change
 * to the original address if the datagram answers what was redirected (peer.h).
 */
void datagram_received(int fd, const void *buf, size_t len, struct sockaddr *from, socklen_t from_len, socklen_t room);

/* The same of a SIP message that was read already, as it came in several pieces. */
void datagram_message(int fd, const struct sip_message *m, struct sockaddr *from, socklen_t from_len, socklen_t room);

/*
 * A call on fd failed with `error`: on a connected socket an ICMP error of its peer (udp(7)), or one that is forged. It
 * counts only while a request waits there for its answer.
 */
void datagram_failed(int fd, int error);

/*
 * A message of the error queue (MSG_ERRQUEUE, IP_RECVERR, ip(7)). msg_name, of which `room` bytes were there, is the peer
 * that could not be reached. The original endpoint is put in its place; who reported the error (SO_EE_OFFENDER) stays. `len`
 * bytes are in msg's first piece: what the error quotes of the datagram. It counts if that request was sent there and
 * waits. If it quotes too little, it counts when such a request meets it again.
 */
void datagram_error(int fd, struct msghdr *msg, size_t len, socklen_t room);

#endif
