/* flow.c: outcomes of TCP connects. See flow.h. */
#include "flow.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "dns.h"
#include "hot.h"
#include "memory.h"
#include "pending.h"
#include "real.h"
#include "route.h"
#include "session.h"
#include "socket.h"
#include "stream.h"
#include "tell.h"
#include "tick.h"
#include "vain.h"
#include "verdicts.h"

/* As the kernel names them in TCP_INFO (tcp(7)); netinet/tcp.h and linux/tcp.h exclude each other. */
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_CLOSE = 7 };

_Atomic uint8_t fd_classes[FDS];

/* ---- reporting ---- */

static void tell(struct table *t, const struct flow *fl, enum cause cause)
{
	struct name_ref names[RECENT];
	const struct outcome o = {.endpoint = fl->to, .names = names, .n_names = recent_names(names), .reach = REACH_SHIM,
				  .socket = fl->cookie, .since = fl->since};
	if (cause == CAUSE_CONNECTED) {
		pins_succeeded(t, &o);
		verdict_tell(t, &fl->to, false);
	} else {
		tell_failed(t, &o, cause);
	}
}

/*
 * Would telling a success change nothing? So it is if one was told just before the connect, and nobody failed
 * since; however long it took, unless another's connect is in flight, which is judged by when the last success was.
 */
static bool is_told(const struct table *t, const struct flow *fl, bool others)
{
	return (fl->told && !others && verdict_holds(t, fl->epoch)) || verdict_told(t, &fl->to, false);
}

/* The flow came to its end: by `cause`, or well (CAUSE_CONNECTED), or nothing is known (CAUSE_NONE). */
HOT static void report(const struct flow *fl, enum cause cause)
{
	struct table *t = session_table_here();
	if (!t)
		return;
	if (cause == CAUSE_CONNECTED)
		vain_over(&fl->to);
	if (cause == CAUSE_TIMED_OUT && pins_connected_lately(t, fl->ref, &fl->to))
		cause = CAUSE_NONE;
	const bool others = pins_pending_over(t, fl->ref, &fl->to, (uint32_t)fl->pid, cause == CAUSE_CONNECTED);
	if (cause != CAUSE_NONE && (cause != CAUSE_CONNECTED || !is_told(t, fl, others)))
		tell(t, fl, cause);
}

/* The fd is connected: to a DNS server (dnstcp.h), or to some other candidate. */
static void begin(int fd, const struct flow *fl)
{
	if (!fl->settled && dns_port(fl->to.port))
		fd_set_class(fd, FD_DNS_STREAM);
	else
		stream_begin(fd, &fl->to);
}

static void conclude(int fd, enum fd_class next, enum cause cause)
{
	struct flow fl;
	int saved = errno;
	if (pending_take(fd, next, &fl)) {
		if (next == FD_STREAM && cause == CAUSE_CONNECTED)
			begin(fd, &fl);
		report(&fl, cause);
	}
	errno = saved;
}

/* ---- what the kernel says ---- */

enum progress { UNKNOWN, WAITING, CONNECTED, CLOSED };

/* Is it still the socket that was followed, and how far is it? */
static enum progress progress_of(int fd, const struct flow *fl)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;
	if (socket_cookie(fd) != fl->cookie || real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return UNKNOWN;
	if (info.tcpi_state == STATE_SYN_SENT)
		return WAITING;
	/* The handshake itself is the first byte that the peer acknowledges. */
	return info.tcpi_state == STATE_CLOSE && info.tcpi_bytes_acked == 0 ? CLOSED : CONNECTED;
}

static bool waited_long(const struct flow *fl)
{
	return tick_since(tick_now(), fl->since) >= tick_of(GIVE_UP_S);
}

/* So long, and nobody else got through either. */
static bool waits_in_vain(const struct flow *fl)
{
	const struct table *t = waited_long(fl) ? session_table_here() : NULL;
	return t && !pins_connected_lately(t, fl->ref, &fl->to);
}

/* An error that the program has read leaves the socket closed; which one it was, the time tells. */
static enum cause cause_of(enum progress p, const struct flow *fl)
{
	switch (p) {
	case CONNECTED: return CAUSE_CONNECTED;
	case CLOSED: return waited_long(fl) ? CAUSE_TIMED_OUT : CAUSE_REFUSED;
	case WAITING: return waits_in_vain(fl) ? CAUSE_TIMED_OUT : CAUSE_NONE;
	case UNKNOWN: break;
	}
	return CAUSE_NONE;
}

/* So long that a program may turn to the next address (vain.h). */
static bool waits(const struct flow *fl) { return tick_since(tick_now(), fl->since) >= VAIN_TICKS; }

/* Programs whose patience is shorter than ours: their waits are added up. */
static enum cause given_up(const struct flow *fl)
{
	const struct outcome o = {.endpoint = fl->to, .since = fl->since};
	struct table *t = session_table_here();
	if (!waits(fl))
		return CAUSE_NONE;
	vain_note(&fl->to);
	return t && pins_unanswered(t, &o) ? CAUSE_TIMED_OUT : cause_of(WAITING, fl);
}

void flow_give_up(int fd)
{
	int saved = errno;
	struct flow fl = *pending_flow(fd);
	if (pending_mine(fd)) {
		const enum progress p = progress_of(fd, &fl);
		conclude(fd, FD_UNKNOWN, p == WAITING ? given_up(&fl) : cause_of(p, &fl));
	}
	errno = saved;
}

void flow_end(void)
{
	struct table *t = session_table_here();
	struct pending_walk w = pending_of(session_pid());
	for (int fd; t && (fd = pending_next(&w)) != -1;) {
		const struct flow *fl = pending_flow(fd);
		if (!waited_long(fl))
			pins_pending_over(t, fl->ref, &fl->to, (uint32_t)fl->pid, false);
	}
}

void flow_so_error(int fd, int error)
{
	int saved = errno;
	struct flow fl = *pending_flow(fd);
	if (socket_cookie(fd) != fl.cookie)
		conclude(fd, FD_UNKNOWN, CAUSE_NONE);
	else if (error)
		conclude(fd, FD_STREAM, cause_of_errno(error));
	else if (progress_of(fd, &fl) == CONNECTED)
		conclude(fd, FD_STREAM, CAUSE_CONNECTED);
	errno = saved;
}

static void sweep_one(int fd)
{
	struct flow fl = *pending_flow(fd);
	enum progress p = progress_of(fd, &fl);
	if (p == UNKNOWN)
		conclude(fd, FD_UNKNOWN, CAUSE_NONE);
	else if (p != WAITING || waits_in_vain(&fl))
		conclude(fd, FD_STREAM, cause_of(p, &fl));
}

void flow_sweep(void)
{
	int saved = errno;
	struct pending_walk w = pending_all();
	for (int fd; (fd = pending_next(&w)) != -1;)
		sweep_one(fd);
	errno = saved;
}

static bool sweep_is_due(void)
{
	static word32 swept;			/* tick */
	const uint32_t now = tick_now();
	if (tick_since(now, get32(&swept)) < TICKS_PER_S)
		return false;
	put32(&swept, now);
	return true;
}

/*
 * A program that keeps what it looked up turns to the next address without a lookup. That was decided by what was
 * known before: this is for all others. Once a second will do for a program that has thousands in flight.
 */
static void sweep_long(void)
{
	int saved = errno;
	struct pending_walk w = pending_all();
	if (w.left == 0 || !sweep_is_due())
		return;
	for (int fd; (fd = pending_next(&w)) != -1;)
		if (waited_long(pending_flow(fd)))
			sweep_one(fd);
	errno = saved;
}

/* ---- following ---- */

void flow_copy(int from, int to)
{
	enum fd_class c = fd_class(from);
	if (c == FD_NONE)
		c = FD_UNKNOWN;		/* after vfork `to` may be the parent's, for whom it would stay so */
	else if (c == FD_PENDING)
		c = FD_STREAM;
	else if (c == FD_STREAM_SIP || c == FD_STREAM_ENDS)
		c = FD_HANDED;		/* the slot in stream.c is `from`'s */
	flow_opened(to, c);
	if (pending_mine(from))
		pending_add(to, pending_flow(from));
}

void flow_close_range(unsigned first, unsigned last)
{
	unsigned end = last < FDS - 1 ? last + 1 : FDS;
	for (unsigned fd = first; fd < end; fd++)
		flow_closing((int)fd);
}

/* ---- connect ---- */

enum fd_class flow_ask_class(int fd)
{
	int protocol = 0, saved = errno;
	socklen_t len = sizeof protocol;
	bool known = real()->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0;
	errno = saved;
	if (!known)
		return FD_UNKNOWN;
	return is_tcp(protocol) ? FD_STREAM : protocol == IPPROTO_UDP ? FD_DATAGRAM : FD_NONE;
}

/* The program's address, with another in it. */
struct steered {
	struct sockaddr_storage to;
	socklen_t len;
};

static bool steer_address(const struct sockaddr *addr, socklen_t len, const struct endpoint *e, struct steered *out)
{
	if (len > sizeof out->to)
		return false;
	memcpy(&out->to, addr, len);
	out->len = len;
	route_address(e, (struct sockaddr *)&out->to);
	return true;
}

static bool is_steered(const struct flow *fl) { return !endpoint_same(&fl->to, &fl->asked); }

/*
 * A second connect on a pending socket tells how the first one went (connect(2)). It
 * goes where the first one did: should the kernel take it for a new one, it must not
 * lead elsewhere than is believed.
 */
static int connect_again(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct steered s;
	const struct flow fl = *pending_flow(fd);
	const bool good = len >= sizeof addr->sa_family && len <= sizeof(struct sockaddr_storage) && memory_readable(addr, len);
	if (good && addr->sa_family == AF_UNSPEC)
		flow_give_up(fd);
	else if (good && is_steered(&fl) && steer_address(addr, len, &fl.to, &s))
		addr = (const struct sockaddr *)&s.to;
	int r = real()->connect(fd, addr, len), saved = errno;
	if (socket_cookie(fd) != fl.cookie)
		pending_forget(fd);	/* another socket got the number behind our back */
	errno = saved;
	if (!pending_mine(fd) || (r == -1 && (errno == EALREADY || errno == EINPROGRESS || errno == EINTR)))
		return r;
	conclude(fd, FD_STREAM, r == 0 || errno == EISCONN ? CAUSE_CONNECTED : cause_of_errno(errno));
	return r;
}

/* connect() on a TCP socket, to a candidate. EINTR, and a time-out by SO_SNDTIMEO, leave it in flight (connect(2), socket(7)). */
HOT static int connect_candidate(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct flow *fl)
{
	int saved = errno;
	fl->pid = session_pid();
	pins_pending(t, fl->ref, &fl->to, (struct pending){fl->since, (uint32_t)fl->pid});
	errno = saved;

	int r = real()->connect(fd, addr, len);

	saved = errno;
	if (r == -1 && (saved == EINPROGRESS || saved == EINTR || saved == EALREADY)) {
		fl->cookie = socket_cookie(fd);
		fl->pid = getpid();	/* the true one, after vfork too */
		pending_add(fd, fl);
	} else {
		if (r == 0)
			begin(fd, fl);
		else
			fl->cookie = socket_cookie(fd);
		report(fl, r == 0 ? CAUSE_CONNECTED : cause_of_errno(saved));
	}
	errno = saved;
	return r;
}

/* ---- steering ---- */

/*
 * Does another connect of this process wait for it, of which the program turns to `asked` now? One that asked the
 * same is none, on a path of some 200 ms one of many; one that came through waits for its program only.
 */
static bool is_waited_for(const struct endpoint *e, const struct endpoint *asked)
{
	struct pending_walk w = pending_all();
	for (int fd; (fd = pending_next(&w)) != -1;) {
		const struct flow *fl = pending_flow(fd);
		if (endpoint_same(&fl->to, e) && !endpoint_same(&fl->asked, asked) && waits(fl) && progress_of(fd, fl) == WAITING)
			return true;
	}
	return false;
}

/* Does what goes to `asked` belong to the pin, and has the pin not been tried in vain? Then the flow goes there. */
static bool steer(struct table *t, int fd, struct flow *fl, const struct verdict *v)
{
	const addr_ref ref = v->request ? addr_find(t, &v->to.addr) : 0;
	if (!ref || vain_lately(&v->to) || is_waited_for(&v->to, &fl->asked))
		return false;
	fl->to = v->to;
	fl->ref = ref;
	fl->settled = fl->told = false;
	route_connected(fd, &fl->asked, &fl->to);
	return true;
}

/* False: as the program asked; it was not steered, or the host itself cannot connect to the pin. *r is the outcome otherwise. */
static bool connect_steered(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct flow *fl,
			    const struct verdict *v, int *r)
{
	struct steered s;
	int saved = errno;
	const bool elsewhere = steer(t, fd, fl, v) && steer_address(addr, len, &fl->to, &s);
	errno = saved;
	if (!elsewhere)
		return false;
	*r = connect_candidate(t, fd, (const struct sockaddr *)&s.to, s.len, fl);
	if (*r == -1 && route_is_local(errno)) {
		errno = saved;
		return false;
	}
	return true;
}

/* The candidate that the program connects to. */
static bool to_candidate(struct table *t, const struct sockaddr *addr, socklen_t len, struct flow *fl, struct verdict *v)
{
	int saved = errno;
	bool known = len <= sizeof(struct sockaddr_storage) && memory_readable(addr, len) &&	/* the kernel takes no more */
		     endpoint_from_sockaddr(addr, len, &fl->asked);
	errno = saved;
	if (!known)
		return false;
	fl->asked.transport = TRANSPORT_TCP;
	verdict_of(t, &fl->asked, v);
	fl->since = v->now;
	return v->ref != 0;
}

static int connect_as_asked(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct flow *fl,
			    const struct verdict *v)
{
	int saved = errno;
	fl->to = fl->asked;
	fl->ref = v->ref;
	fl->settled = v->settled;
	fl->told = v->told;
	fl->epoch = v->epoch;
	route_connected_plainly(fd, &fl->to);
	errno = saved;
	return connect_candidate(t, fd, addr, len, fl);
}

HOT int flow_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct flow fl = {0};
	enum fd_class c = fd_class(fd);
	struct table *t = session_table_here();
	struct verdict v;
	int r;
	if (!t)
		return real()->connect(fd, addr, len);
	if (pending_mine(fd))
		return connect_again(fd, addr, len);
	if (c != FD_STREAM)
		flow_opened(fd, c = flow_ask_class(fd));
	if (c != FD_STREAM || !to_candidate(t, addr, len, &fl, &v))
		return real()->connect(fd, addr, len);
	if (!connect_steered(t, fd, addr, len, &fl, &v, &r))
		r = connect_as_asked(t, fd, addr, len, &fl, &v);
	sweep_long();
	return r;
}
