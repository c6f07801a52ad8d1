/* connect.c: see connect.h. */
#include "shim/tcp/connect.h"

#include <errno.h>
#include <string.h>

#include "policy/base/clock.h"
#include "policy/base/hot.h"
#include "policy/table/addresses.h"
#include "shim/core/avoid.h"
#include "shim/core/dialogs.h"
#include "shim/core/judge.h"
#include "shim/core/libc.h"
#include "shim/core/memory.h"
#include "shim/core/redirect-cache.h"
#include "shim/core/session.h"
#include "shim/core/socket.h"
#include "shim/core/way.h"
#include "shim/tcp/descriptor.h"
#include "shim/tcp/onset.h"
#include "shim/tcp/stream.h"

/* The program's address, with another in it. */
struct redirected {
	struct sockaddr_storage to;
	socklen_t len;
};

static bool redirect_address(const struct sockaddr *addr, socklen_t len, const struct endpoint *e, struct redirected *out)
{
	if (len > sizeof out->to)
		return false;
	memcpy(&out->to, addr, len);
	out->len = len;
	endpoint_to_sockaddr(e, (struct sockaddr *)&out->to);
	return true;
}

/* Or did another socket get the number behind our back? */
static bool is_same(int fd)
{
	int saved = errno;
	const bool same = socket_cookie(fd) == pending_at(fd)->cookie;
	if (!same)
		pending_lost(fd);
	errno = saved;
	return same;
}

static bool is_redirected(const struct tcp_connect *c) { return !endpoint_same(&c->to, &c->original); }

/*
 * A second connect on a pending socket tells how the first one went (connect(2)). It
 * goes where the first one did: should the kernel take it for a new one, it must not
 * lead elsewhere than is believed.
 */
static int connect_again(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct redirected s;
	const struct tcp_connect c = *pending_at(fd);
	const bool good = len >= sizeof addr->sa_family && len <= sizeof(struct sockaddr_storage) && memory_readable(addr, len);
	if (good && addr->sa_family == AF_UNSPEC)
		pending_give_up(fd);
	else if (good && is_redirected(&c) && redirect_address(addr, len, &c.to, &s))
		addr = (const struct sockaddr *)&s.to;
	int r = real()->connect(fd, addr, len);
	if (!pending_mine(fd) || (r == -1 && (errno == EALREADY || errno == EINPROGRESS || errno == EINTR)))
		return r;
	stream_conclude(fd, r == 0 || errno == EISCONN ? CAUSE_CONNECTED : cause_of_errno(errno));
	return r;
}

/* ---- redirecting ---- */

/*
 * Does another connect of this process wait for it, from which the program turns to `original` now? One to the
 * same original is none, on a path of some 200 ms one of many; one that came through waits for its program only.
 */
static bool is_waited_for(const struct endpoint *e, const struct endpoint *original)
{
	struct pending_walk w = pending_all();
	for (int fd; (fd = pending_next(&w)) != -1;) {
		const struct tcp_connect *c = pending_at(fd);
		if (endpoint_same(&c->to, e) && !endpoint_same(&c->original, original) && pending_waits(fd, c))
			return true;
	}
	return false;
}

/* To the pin; but a server that the program has a dialog with keeps it, wherever that is. */
static bool belongs_elsewhere(const struct tcp_connect *c, const struct cached_redirect *v, struct endpoint *to)
{
	switch (dialogs_at(&c->original, v->redirects_requests, now_ms(), to)) {
	case DIALOGS_HERE: return false;
	case DIALOGS_ELSEWHERE: return true;
	case DIALOGS_NONE: break;
	}
	*to = v->to;
	return v->redirects_requests;
}

/* Does what goes to `original` belong elsewhere, and has that not been tried in vain? Then the pin is chosen. */
static bool choose_pin(struct table *t, int fd, struct tcp_connect *c, const struct cached_redirect *v)
{
	struct endpoint to;
	const addr_ref ref = belongs_elsewhere(c, v, &to) ? addr_find(t, &to.addr) : 0;
	if (!ref || avoid_now(t, &to) || is_waited_for(&to, &c->original))
		return false;
	c->to = to;
	c->ref = ref;
	c->settled = c->reported = false;
	onset_connect(fd, &c->original, &c->to);
	return true;
}

/* False: as the program asked; it was not redirected, or the host itself cannot connect to the pin. *r is the outcome otherwise. */
static bool connect_redirected(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct tcp_connect *c,
			    const struct cached_redirect *v, int *r)
{
	struct redirected s;
	int saved = errno;
	const bool elsewhere = choose_pin(t, fd, c, v) && redirect_address(addr, len, &c->to, &s);
	errno = saved;
	if (!elsewhere)
		return false;
	*r = stream_connect(t, fd, (const struct sockaddr *)&s.to, s.len, c);
	if (*r == 0 || errno == EINPROGRESS || errno == EINTR)
		onset_redirected(fd, &c->original, &c->to);
	if (*r == -1 && way_is_missing(errno, &c->to.addr)) {
		errno = saved;
		return false;
	}
	return true;
}

/* The candidate that the program connects to. */
static bool to_candidate(struct table *t, const struct sockaddr *addr, socklen_t len, struct tcp_connect *c, struct cached_redirect *v)
{
	int saved = errno;
	bool known = len <= sizeof(struct sockaddr_storage) && memory_readable(addr, len) &&	/* the kernel takes no more */
		     endpoint_from_sockaddr(addr, len, &c->original);
	errno = saved;
	if (!known)
		return false;
	c->original.transport = TRANSPORT_TCP;
	redirect_cached(t, &c->original, v);
	c->since = v->now;
	return v->ref != 0;
}

static int connect_as_asked(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct tcp_connect *c,
			    const struct cached_redirect *v)
{
	int saved = errno;
	c->to = c->original;
	c->ref = v->ref;
	c->settled = v->settled;
	c->reported = v->reported;
	c->epoch = v->epoch;
	onset_connect_plainly(fd, &c->to);
	onset_forget(fd);
	errno = saved;
	return stream_connect(t, fd, addr, len, c);
}

HOT int connect_tcp(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct tcp_connect c = {0};
	enum fd_class class;
	struct table *t = session_table_here();
	struct cached_redirect v;
	int r;
	if (!t)
		return real()->connect(fd, addr, len);
	if (pending_mine(fd) && is_same(fd))
		return connect_again(fd, addr, len);
	if ((class = fd_class(fd)) != FD_STREAM)
		descriptor_opened(fd, class = fd_ask_class(fd));
	if (class != FD_STREAM || !to_candidate(t, addr, len, &c, &v))
		return real()->connect(fd, addr, len);
	if (!connect_redirected(t, fd, addr, len, &c, &v, &r))
		r = connect_as_asked(t, fd, addr, len, &c, &v);
	stream_sweep_long();
	return r;
}
