/* flow.c: outcomes of TCP connects. See flow.h. */
#include "shim/tcp/flow.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/base/hot.h"
#include "policy/pins/health.h"
#include "shim/core/dialogs.h"
#include "shim/core/libc.h"
#include "shim/core/session.h"
#include "shim/core/socket.h"
#include "shim/core/tell.h"
#include "shim/core/vain.h"
#include "shim/core/verdicts.h"
#include "shim/lookup/dns.h"
#include "shim/tcp/sip.h"

/* As the kernel names them in TCP_INFO (tcp(7)); netinet/tcp.h and linux/tcp.h exclude each other. */
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_CLOSE = 7 };

_Atomic uint8_t fd_classes[FDS];

/* ---- reporting ---- */

/* The address's record: the table may have been replaced while the connect was in flight. */
static addr_ref ref_in(const struct table *t, const struct flow *fl)
{
	return addr_is_of(t, fl->ref, &fl->to.addr) ? fl->ref : addr_find(t, &fl->to.addr);
}

static void tell(struct table *t, const struct flow *fl, enum cause cause)
{
	struct name_ref names[RECENT];
	const struct outcome o = {.endpoint = fl->to, .names = names, .n_names = recent_names(names), .reach = REACH_SHIM,
				  .socket = fl->cookie, .since = fl->since};
	if (cause == CAUSE_CONNECTED) {
		pins_succeeded(t, &o);
		verdict_tell(t, &fl->to, TOLD_CONNECTED);
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
	return (fl->told && !others && verdict_holds(t, fl->epoch)) || verdict_told(t, &fl->to, TOLD_CONNECTED);
}

/* The flow came to its end: by `cause`, or well (CAUSE_CONNECTED), or nothing is known (CAUSE_NONE). */
HOT static void report(const struct flow *fl, enum cause cause)
{
	struct table *t = session_table_here();
	if (!t)
		return;
	if (cause == CAUSE_CONNECTED)
		vain_connected(&fl->to);
	else if (cause != CAUSE_NONE)
		dialogs_lost(&fl->to);
	const addr_ref ref = ref_in(t, fl);
	if (cause == CAUSE_TIMED_OUT && pins_connected_lately(t, ref, &fl->to))
		cause = CAUSE_NONE;
	const bool others = pins_pending_over(t, ref, &fl->to, (uint32_t)fl->pid, cause == CAUSE_CONNECTED);
	if (cause != CAUSE_NONE && (cause != CAUSE_CONNECTED || !is_told(t, fl, others)))
		tell(t, fl, cause);
}

/* The fd is connected: to a DNS server (dns-tcp.h), or to some other candidate. */
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

enum progress { UNKNOWN, LOST, WAITING, CONNECTED, CLOSED };

/* Is it still the socket that was followed, and how far is it? LOST: it was closed behind our back. */
static enum progress progress_of(int fd, const struct flow *fl)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;
	if (socket_cookie(fd) != fl->cookie)
		return LOST;
	if (real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
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
	return t && !pins_connected_lately(t, ref_in(t, fl), &fl->to);
}

/* An error that the program has read leaves the socket closed; which one it was, the time tells. */
static enum cause cause_of(enum progress p, const struct flow *fl)
{
	switch (p) {
	case CONNECTED: return CAUSE_CONNECTED;
	case CLOSED: return waited_long(fl) ? CAUSE_TIMED_OUT : CAUSE_REFUSED;
	case WAITING: return waits_in_vain(fl) ? CAUSE_TIMED_OUT : CAUSE_NONE;
	case LOST:
	case UNKNOWN: break;
	}
	return CAUSE_NONE;
}

/* So long that a program may turn to the next address (vain.h). */
static bool waits(const struct flow *fl) { return tick_since(tick_now(), fl->since) >= VAIN_TICKS; }

/* One that was lost was closed at some time since: so much of it counts as waiting at most. */
static uint32_t waits_since(enum progress p, const struct flow *fl)
{
	const uint32_t now = tick_now(), most = tick_of(1);
	return p == LOST && tick_since(now, fl->since) > most ? now - most : fl->since;
}

/*
 * Programs whose patience is shorter than ours: their waits are added up. Of one that is lost (LOST) nobody has heard
 * that it came through.
 */
static enum cause given_up(enum progress p, const struct flow *fl)
{
	const struct outcome o = {.endpoint = fl->to, .since = waits_since(p, fl)};
	struct table *t = session_table_here();
	if (!waits(fl))
		return CAUSE_NONE;
	vain_note(&fl->to, VAIN_CONNECT);
	return t && pins_unanswered(t, &o) ? CAUSE_TIMED_OUT : cause_of(p, fl);
}

static enum cause cause_of_end(enum progress p, const struct flow *fl)
{
	return p == WAITING || p == LOST ? given_up(p, fl) : cause_of(p, fl);
}

bool flow_waits(int fd, const struct flow *fl) { return waits(fl) && progress_of(fd, fl) == WAITING; }

void flow_give_up(int fd)
{
	int saved = errno;
	struct flow fl = *pending_flow(fd);
	if (pending_mine(fd))
		conclude(fd, FD_UNKNOWN, cause_of_end(progress_of(fd, &fl), &fl));
	else
		pending_forget(fd);
	errno = saved;
}

void flow_lost(int fd)
{
	int saved = errno;
	struct flow fl = *pending_flow(fd);
	if (pending_mine(fd))
		conclude(fd, FD_UNKNOWN, given_up(LOST, &fl));
	else
		pending_forget(fd);
	errno = saved;
}

void flow_end(void)
{
	struct table *t = session_table_here();
	struct pending_walk w = pending_of(session_pid());
	for (int fd; t && (fd = pending_next(&w)) != -1;) {
		const struct flow *fl = pending_flow(fd);
		if (!waited_long(fl))
			pins_pending_over(t, ref_in(t, fl), &fl->to, (uint32_t)fl->pid, false);
	}
}

void flow_so_error(int fd, int error)
{
	int saved = errno;
	struct flow fl = *pending_flow(fd);
	if (socket_cookie(fd) != fl.cookie)
		flow_lost(fd);
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
	if (p == LOST)
		flow_lost(fd);
	else if (p == UNKNOWN)
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

void flow_sweep_long(void)
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

/* ---- connect ---- */

HOT int flow_connect(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct flow *fl)
{
	int saved = errno;
	fl->pid = session_pid();
	pins_pending(t, fl->ref, &fl->to, (struct pending){.since = fl->since, .pid = (uint32_t)fl->pid});
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

void flow_conclude(int fd, enum cause cause) { conclude(fd, FD_STREAM, cause); }

/* ---- following ---- */

void flow_copy(int from, int to)
{
	enum fd_class c = fd_class(from);
	if (c == FD_NONE)
		c = FD_UNKNOWN;		/* after vfork `to` may be the parent's, for whom it would stay so */
	else if (c == FD_PENDING)
		c = FD_STREAM;
	else if (c == FD_STREAM_SIP || c == FD_STREAM_ENDS)
		c = FD_HANDED;		/* the slot in sip.c is `from`'s */
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
