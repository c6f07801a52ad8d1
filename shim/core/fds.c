/* fds.c: see fds.h. */
#include "shim/core/fds.h"

#include <errno.h>

#include "shim/core/shared.h"
#include "shim/core/socket.h"

_Atomic uint8_t fd_classes[FDS];
struct fd_cookie fd_cookies[FD_COOKIES];

enum fd_class fd_ask_class(int fd)
{
	int protocol = 0, saved = errno;
	shared_need();
	socklen_t len = sizeof protocol;
	bool known = real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0;
	errno = saved;
	if (!known)
		return FD_UNKNOWN;
	return is_tcp(protocol) ? FD_STREAM : protocol == IPPROTO_UDP ? FD_DATAGRAM : FD_NONE;
}
