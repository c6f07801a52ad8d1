/*
 * passing.h: who looks at the bytes that pass through a descriptor. For send.c and recv.c.
 *
 * An fd that is none of ours costs one load. The kernel is asked what a socket is that
 * was inherited or received (SCM_RIGHTS) when what looks like SIP or DNS passes through
 * it.
 */
#ifndef STICKYDNS_PASSING_H
#define STICKYDNS_PASSING_H

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "policy/base/endpoint.h"
#include "policy/wire/sip-message.h"
#include "shim/core/fds.h"
#include "shim/core/session.h"
#include "shim/lookup/dns.h"
#include "shim/tcp/descriptor.h"
#include "shim/tcp/sip.h"
#include "shim/tcp/stream.h"

/* Who looks at what passes. */
enum watch { WATCH_NONE, WATCH_DATAGRAM, WATCH_STREAM, WATCH_UNKNOWN };

/* For calls that files have too. */
static inline enum watch watch_file(int fd)
{
	enum fd_class c = fd_class(fd);
	if (__builtin_expect(!((FD_DATAGRAMS | WATCHED_STREAMS | 1u << FD_HANDED) >> c & 1), 1))
		return WATCH_NONE;
	if (c == FD_HANDED)
		return WATCH_UNKNOWN;
	return FD_DATAGRAMS >> c & 1 ? WATCH_DATAGRAM : WATCH_STREAM;
}

/* For calls that sockets have. */
static inline enum watch watch_socket(int fd)
{
	return fd_class(fd) == FD_UNKNOWN ? WATCH_UNKNOWN : watch_file(fd);
}

/* A call failed on a socket that may be one that was followed (sip.h). */
static inline enum watch unknown_failed(int fd) { return sip_owns(fd) ? WATCH_STREAM : WATCH_NONE; }

static inline bool is_dns(int fd) { return fd_class(fd) == FD_DNS; }

static inline bool on_dns_port(const struct sockaddr *addr, socklen_t len)
{
	struct endpoint e;
	return addr && endpoint_from_sockaddr(addr, len, &e) && dns_port(e.port);
}

/* Most calls on a socket that was not seen being made: nothing of ours passed, nor did one that was followed fail. */
static inline bool passes_by(enum watch w, int fd, const void *p, ssize_t r)
{
	if (w != WATCH_UNKNOWN)
		return false;
	return r > 0 ? !sip_looks(p, (size_t)r) && !dns_looks(p, (size_t)r) : r == 0 || !sip_owns(fd);
}

/* A socket that was not seen being made carried these bytes: what is it? Costs a comparison if they are none of ours. */
static inline enum watch watch_ask(int fd, const void *p, size_t len, bool to_dns)
{
	int saved = errno;
	if (!to_dns && !sip_looks(p, len) && !dns_looks(p, len))
		return WATCH_NONE;
	descriptor_ask(fd);
	errno = saved;
	return watch_file(fd);
}

#endif
