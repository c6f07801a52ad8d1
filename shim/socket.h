/* socket.h: which socket an fd is. A number is closed and given away behind our back; the cookie is the kernel's own. */
#ifndef STICKYDNS_SOCKET_H
#define STICKYDNS_SOCKET_H

#include <stdint.h>

#include "real.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

/* SO_COOKIE (socket(7)): unique for each socket of a boot. 0: no socket. May set errno. */
static inline uint64_t socket_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof cookie;
	return real()->getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

#endif
