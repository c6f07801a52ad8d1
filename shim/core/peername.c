/* peername.c: see peername.h. */
#include "shim/core/peername.h"

#include <stddef.h>
#include <string.h>

#include "shim/core/shared.h"
#include "shim/core/socket.h"

bool peername_read(const struct sockaddr *sa, socklen_t len, socklen_t room, struct peername *out)
{
	out->known = room != PEERNAME_ROOM_UNKNOWN;
	out->have = len < room ? len : room;
	if (len > sizeof out->in6 || out->have < offsetof(struct sockaddr_in, sin_zero))
		return false;
	memset(&out->in6, 0, sizeof out->in6);
	memcpy(&out->in6, sa, out->have);
	if (out->any.sa_family == AF_INET6 && out->have < offsetof(struct sockaddr_in6, sin6_scope_id))
		return false;
	return endpoint_from_sockaddr(&out->any, len, &out->e);
}

void peername_replace(struct peername *p, const struct endpoint *original, struct sockaddr *sa)
{
	endpoint_to_sockaddr(original, &p->any);
	memcpy(sa, &p->in6, p->have);
}

void peername_of_socket(int fd, struct sockaddr *sa, socklen_t len, socklen_t room)
{
	struct peername p;
	struct redirect r;
	if (!redirected_any() || !peername_read(sa, len, room, &p))
		return;
	const uint64_t socket = socket_cookie(fd);
	p.e.transport = TRANSPORT_TCP;
	bool redirected = redirect_find(&shared->peers, socket, &p.e, &r);
	p.e.transport = TRANSPORT_UDP;
	redirected = redirected || (redirect_find(&shared->peers, socket, &p.e, &r) && !r.own);
	if (redirected)
		peername_replace(&p, &r.original, sa);
}
