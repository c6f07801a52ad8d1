/* descriptor.c: see descriptor.h. */
#include "shim/tcp/descriptor.h"

#include <errno.h>
#include <string.h>

#include "policy/table/addresses.h"
#include "shim/core/judge.h"
#include "shim/core/libc.h"
#include "shim/core/session.h"
#include "shim/tcp/sip.h"

void descriptor_copied(int from, int to)
{
	enum fd_class c = fd_class(from);
	if (c == FD_NONE)
		c = FD_UNKNOWN;		/* after vfork `to` may be the parent's, for whom it would stay so */
	else if (c == FD_PENDING)
		c = FD_STREAM;
	else if (c == FD_STREAM_SIP || c == FD_STREAM_ENDS)
		c = FD_HANDED;		/* the slot in sip.c is `from`'s */
	descriptor_opened(to, c);
	pending_copy(from, to);
}

void descriptors_closing(unsigned first, unsigned last)
{
	unsigned end = last < FDS - 1 ? last + 1 : FDS;
	for (unsigned fd = first; fd < end; fd++)
		descriptor_closing((int)fd);
}

/* ---- sockets that this process did not connect ---- */

/* Is the endpoint known to the table? The port of a client that connected to us, from a candidate's address, is not. */
static bool is_known(const struct endpoint *e)
{
	struct server p;
	const struct addr_record *a = judge_server(-1, e, &p) ? addr_at(p.table, p.ref) : NULL;
	return a && endpoint_find(a, e->transport, e->port) >= 0;
}

static void handed(const struct cmsghdr *c)
{
	const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n; i++) {
		int fd;
		memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
		descriptor_opened(fd, FD_HANDED);
	}
}

void descriptors_handed(const struct msghdr *msg)
{
	int saved = errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			handed(c);
	errno = saved;
}

void descriptor_ask(int fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	struct endpoint e;
	enum fd_class c = fd_ask_class(fd);
	fd_set_class(fd, c);
	if ((c != FD_STREAM && c != FD_DATAGRAM) || real()->getpeername(fd, (struct sockaddr *)&name, &len) == -1 ||
	    !endpoint_from_sockaddr((const struct sockaddr *)&name, len, &e))
		return;
	e.transport = TRANSPORT_TCP;
	if (c == FD_DATAGRAM && dns_port(e.port))
		fd_set_class(fd, FD_DNS);
	else if (c == FD_STREAM && is_known(&e))
		sip_follow(fd, &e);
}
