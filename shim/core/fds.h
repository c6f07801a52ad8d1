/*
 * fds.h: one byte for each file descriptor: what it is to us.
 *
 * With it, a call on an fd that is none of ours costs one load. The byte is a hint: fclose,
 * io_uring, vfork and SCM_RIGHTS bypass us. So whoever takes an outcome from an fd verifies
 * the socket by its cookie.
 */
#ifndef STICKYDNS_FDS_H
#define STICKYDNS_FDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/core/export.h"

enum { FDS = 65536 };			/* descriptors beyond are not followed */

enum fd_class {
	FD_UNKNOWN,			/* inherited, or not seen yet: ask the kernel */
	FD_NONE,			/* nothing of ours: not IP, accepted */
	FD_DATAGRAM,			/* a UDP socket that has not met port 53 */
	FD_DNS,				/* one that has: answers come in through it */
	FD_STREAM,			/* a TCP socket of this process */
	FD_DNS_STREAM,			/* one that is connected to port 53: dns-tcp.h */
	FD_HANDED,			/* received (SCM_RIGHTS, unix(7)) or copied: if SIP passes, who the peer is will be asked */
	FD_PENDING,			/* a connect to a candidate is in flight: pending.h */
	FD_STREAM_SIP,			/* connected to a candidate; nothing but SIP was seen on it: sip.h */
	FD_STREAM_ENDS,			/* connected to a candidate; only how it ends is seen */
};

extern HIDDEN _Atomic uint8_t fd_classes[FDS];

/*
 * What peer.h has found out of the socket behind a datagram descriptor: its cookie
 * (SO_COOKIE, socket(7)), or one of these. Forgotten when such a class comes or goes.
 */
enum { FD_NOT_ASKED, FD_NAMELESS };	/* nothing to be known */
enum { FD_COOKIES = 4096 };		/* descriptors whose cookie is kept at once: those that are equal modulo it share a place */

struct fd_cookie {
	_Atomic uint64_t cookie, check;	/* whose it is: fd_check(fd, cookie), unless it is torn */
};

extern HIDDEN struct fd_cookie fd_cookies[FD_COOKIES];

static inline struct fd_cookie *fd_cookie_at(int fd) { return &fd_cookies[(unsigned)fd % FD_COOKIES]; }

/* Another for each fd. */
static inline uint64_t fd_check(int fd, uint64_t cookie) { return cookie ^ ((uint64_t)fd + 1) * UINT64_C(0x9e3779b97f4a7c15); }

static inline uint64_t fd_cookie(int fd)
{
	const struct fd_cookie *at = fd_cookie_at(fd);
	const uint64_t cookie = atomic_load_explicit(&at->cookie, memory_order_relaxed);
	return atomic_load_explicit(&at->check, memory_order_relaxed) == fd_check(fd, cookie) ? cookie : FD_NOT_ASKED;
}

static inline void fd_set_cookie(int fd, uint64_t cookie)
{
	struct fd_cookie *at = fd_cookie_at(fd);
	atomic_store_explicit(&at->cookie, cookie, memory_order_relaxed);
	atomic_store_explicit(&at->check, fd_check(fd, cookie), memory_order_relaxed);
}

static inline void fd_forget_cookie(int fd)
{
	if (fd_cookie(fd) != FD_NOT_ASKED)
		fd_set_cookie(fd, FD_NOT_ASKED);
}

static inline enum fd_class fd_class(int fd)
{
	if ((unsigned)fd >= FDS)
		return FD_NONE;
	return (enum fd_class)atomic_load_explicit(&fd_classes[fd], memory_order_acquire);
}

/* Is it of one of these classes, each a bit? */
static inline bool fd_is(int fd, unsigned classes) { return (classes >> fd_class(fd) & 1) != 0; }

/* Only of these is a cookie kept. */
enum { FD_DATAGRAMS = 1u << FD_DATAGRAM | 1u << FD_DNS };

/* Writes only what changes: a shared line stays clean. */
static inline void fd_set_class(int fd, enum fd_class c)
{
	const enum fd_class old = fd_class(fd);
	if ((unsigned)fd >= FDS || old == c)
		return;
	atomic_store_explicit(&fd_classes[fd], (uint8_t)c, memory_order_release);
	if (FD_DATAGRAMS & (1u << c | 1u << old))
		fd_forget_cookie(fd);
}

/* The class of an fd that was not seen being made: the kernel is asked (SO_PROTOCOL, socket(7)). errno is kept. */
enum fd_class fd_ask_class(int fd);

/* One class to another, by one thread only. */
static inline bool fd_change_class(int fd, enum fd_class from, enum fd_class to)
{
	uint8_t want = (uint8_t)from;
	return atomic_compare_exchange_strong_explicit(&fd_classes[fd], &want, (uint8_t)to, memory_order_acq_rel,
						       memory_order_acquire);
}

#endif
