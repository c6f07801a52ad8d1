/*
 * dns-tcp.h: the program's connections to DNS servers over TCP.
 *
 * Each has one of a few fixed places, found by the socket's cookie (SO_COOKIE, socket(7)), which
 * dup(2) and fork(2) keep. The connection that is idle for longest gives way. dns-stream.h does
 * the work on the bytes. These pass through: a connection without a place, one that two threads
 * read at once, and one that somebody reads past us (io_uring, splice). No locks, no allocation;
 * errno is kept.
 */
#ifndef STICKYDNS_DNSTCP_H
#define STICKYDNS_DNSTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* fd is connected, or about to be, to a DNS port over TCP. Again for the same socket: nothing. */
void dnstcp_opened(int fd);

/* Was any followed yet? One load. */
bool dnstcp_any(void);

/* `len` bytes were sent, from the first of these pieces on. */
void dnstcp_sent(int fd, const struct iovec *piece, size_t pieces, size_t len);

/* `len` bytes were received into the first of these pieces on, by a call with these flags. Answers are reordered in place. */
void dnstcp_received(int fd, const struct iovec *piece, size_t pieces, size_t len, int flags);

#endif
