/* socket.h: which socket an fd is. Numbers are closed and reused behind our back; the cookie is the kernel's own. */
#ifndef STICKYDNS_SOCKET_H
#define STICKYDNS_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/core/libc.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Multipath TCP (RFC 8684) connects, fails and tells of it as TCP does; TCP_INFO is that of its first subflow. */
static inline bool is_tcp(int protocol) { return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP; }

/* SO_COOKIE (socket(7)): unique for each socket of a boot. 0: no socket. May set errno. */
static inline uint64_t socket_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof cookie;
	return real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

#endif
