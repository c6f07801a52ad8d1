/* pending.c: see pending.h. */
#include "shim/tcp/pending.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/base/hot.h"
#include "policy/pins/health.h"
#include "shim/core/avoid.h"
#include "shim/core/chunks.h"
#include "shim/core/dialogs.h"
#include "shim/core/libc.h"
#include "shim/core/redirect-cache.h"
#include "shim/core/report.h"
#include "shim/core/session.h"
#include "shim/core/socket.h"

/* As the kernel names them in TCP_INFO (tcp(7)); netinet/tcp.h and linux/tcp.h exclude each other. */
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_CLOSE = 7 };

/* ---- the table ---- */

enum { CHUNK = 512 };			/* descriptors */

static struct tcp_connect first[CHUNK];
static chunk chunks[FDS / CHUNK] = {first};
static _Atomic int pending_count;
static _Atomic int highest;		/* no fd above was ever pending */

/* Where it is kept, or would be. */
static struct tcp_connect *entry(int fd)
{
	static struct tcp_connect nothing;	/* no fd's; nobody writes it */
	struct tcp_connect *all = (unsigned)fd < FDS ? chunk_at(&chunks[fd / CHUNK]) : NULL;
	return all ? &all[fd % CHUNK] : &nothing;
}

bool pending_mine(int fd) { return fd_class(fd) == FD_PENDING && entry(fd)->pid == getpid(); }

const struct tcp_connect *pending_at(int fd) { return entry(fd); }

/* The fd becomes FD_PENDING; nothing happens if it was, or cannot be followed. */
static void add(int fd, const struct tcp_connect *c)
{
	if ((unsigned)fd >= FDS || pending_mine(fd) || !chunk_made(&chunks[fd / CHUNK], CHUNK * sizeof *c))
		return;
	*entry(fd) = *c;
	atomic_fetch_add_explicit(&pending_count, 1, memory_order_relaxed);
	int last = atomic_load_explicit(&highest, memory_order_relaxed);
	while (last < fd && !atomic_compare_exchange_weak(&highest, &last, fd))
		;
	fd_set_class(fd, FD_PENDING);
}

/* Takes the connect off the fd, which becomes `next`; false if another thread was first, or it is a parent's. */
static bool take(int fd, enum fd_class next, struct tcp_connect *out)
{
	*out = *entry(fd);
	if (!pending_mine(fd) || !fd_change_class(fd, FD_PENDING, next))
		return false;
	atomic_fetch_sub_explicit(&pending_count, 1, memory_order_relaxed);
	return true;
}

/*
 * A stale FD_PENDING ends without an outcome, also one that was a parent's when it
 * forked. After vfork(2) a parent's stays: its memory is ours.
 */
static void forget(int fd)
{
	struct tcp_connect c;
	const bool parents = entry(fd)->pid == session_pid();	/* whose memory this is */
	if (!take(fd, FD_UNKNOWN, &c) && !parents && fd_change_class(fd, FD_PENDING, FD_UNKNOWN))
		atomic_fetch_sub_explicit(&pending_count, 1, memory_order_relaxed);
}

static struct pending_walk walk_of(pid_t pid)
{
	return (struct pending_walk){.left = atomic_load_explicit(&pending_count, memory_order_relaxed), .pid = pid};
}

struct pending_walk pending_all(void)
{
	struct pending_walk w = walk_of(0);
	w.pid = w.left > 0 ? getpid() : 0;
	return w;
}

int pending_next(struct pending_walk *w)
{
	const int last = atomic_load_explicit(&highest, memory_order_relaxed);
	while (w->left > 0 && w->next <= last) {
		const int fd = w->next++;
		if (fd_class(fd) != FD_PENDING || entry(fd)->pid != w->pid)
			continue;
		w->left--;
		return fd;
	}
	return -1;
}

/* ---- the report ---- */

/* The address's record: the table may have been replaced while the connect was in flight. */
static addr_ref ref_in(const struct table *t, const struct tcp_connect *c)
{
	return addr_is_of(t, c->ref, &c->to.addr) ? c->ref : addr_find(t, &c->to.addr);
}

/*
 * Would a report of a success change nothing? Yes if one was reported just before the connect, and nobody failed
 * since; however long it took, unless another's connect is in flight, which is judged by when the last success was.
 */
static bool is_reported(const struct table *t, const struct tcp_connect *c, bool others)
{
	return (c->reported && !others && redirect_holds(t, c->epoch)) || success_reported(t, &c->to, SUCCESS_CONNECT);
}

/* The connect came to its end: by `cause`, or well (CAUSE_CONNECTED), or nothing is known (CAUSE_NONE). */
HOT static void report(const struct tcp_connect *c, enum cause cause)
{
	const struct outcome o = {.endpoint = c->to, .socket = c->cookie, .since = c->since};
	struct table *t = session_table_here();
	if (!t)
		return;
	if (cause == CAUSE_CONNECTED)
		avoid_connected(&c->to);
	else if (cause != CAUSE_NONE)
		dialogs_lost(&c->to);
	const addr_ref ref = ref_in(t, c);
	if (cause == CAUSE_TIMED_OUT && endpoint_connected_lately(t, ref, &c->to))
		cause = CAUSE_NONE;
	const bool others = endpoint_pending_over(t, ref, &c->to, (uint32_t)c->pid, cause == CAUSE_CONNECTED);
	if (cause == CAUSE_CONNECTED && !is_reported(t, c, others)) {
		report_succeeded(t, o);
		success_note_reported(t, &c->to, SUCCESS_CONNECT);
	} else if (cause != CAUSE_NONE && cause != CAUSE_CONNECTED) {
		report_failed(t, o, cause);
	}
}

bool pending_conclude(int fd, enum cause cause, struct tcp_connect *out)
{
	int saved = errno;
	const bool taken = take(fd, FD_STREAM, out);
	if (taken)
		report(out, cause);
	errno = saved;
	return taken && cause == CAUSE_CONNECTED;
}

/* The same where there is no stream to follow, connected or not. */
static void end_by(int fd, enum cause cause)
{
	struct tcp_connect c;
	if (take(fd, FD_UNKNOWN, &c))
		report(&c, cause);
}

/* ---- what the kernel says ---- */

enum progress { UNKNOWN, LOST, WAITING, CONNECTED, CLOSED };

/* Is it still the socket that was followed, and how far is it? LOST: it was closed behind our back. */
static enum progress progress_of(int fd, const struct tcp_connect *c)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;
	if (socket_cookie(fd) != c->cookie)
		return LOST;
	if (real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return UNKNOWN;
	if (info.tcpi_state == STATE_SYN_SENT)
		return WAITING;
	/* The handshake itself is the first byte that the peer acknowledges. */
	return info.tcpi_state == STATE_CLOSE && info.tcpi_bytes_acked == 0 ? CLOSED : CONNECTED;
}

static bool waited_long(const struct tcp_connect *c)
{
	const struct table *t = session_table_here();
	return t && connect_waits_long(t, &c->to, tick_since(tick_now(), c->since));
}

/* So long, and nobody else got through either. */
static bool waits_in_vain(const struct tcp_connect *c)
{
	const struct table *t = waited_long(c) ? session_table_here() : NULL;
	return t && !endpoint_connected_lately(t, ref_in(t, c), &c->to);
}

/* An error that the program has read leaves the socket closed; which one it was, the time tells. */
static enum cause cause_of(enum progress p, const struct tcp_connect *c)
{
	switch (p) {
	case CONNECTED: return CAUSE_CONNECTED;
	case CLOSED: return waited_long(c) ? CAUSE_TIMED_OUT : CAUSE_REFUSED;
	case WAITING: return waits_in_vain(c) ? CAUSE_TIMED_OUT : CAUSE_NONE;
	case LOST:
	case UNKNOWN: break;
	}
	return CAUSE_NONE;
}

/* So long that a program may turn to the next address (avoid.h). */
static bool waits(const struct tcp_connect *c) { return tick_since(tick_now(), c->since) >= AVOID_TICKS; }

/* One that was lost was closed at some time since: so much of it counts as waiting at most. */
static uint32_t waits_since(enum progress p, const struct tcp_connect *c)
{
	const uint32_t now = tick_now(), most = tick_of(1);
	return p == LOST && tick_since(now, c->since) > most ? now - most : c->since;
}

/*
 * Programs whose patience is shorter than ours: their waits are added up. Of one that is lost (LOST) nobody has heard
 * that it came through.
 */
static enum cause given_up(enum progress p, const struct tcp_connect *c)
{
	const struct outcome o = {.endpoint = c->to, .since = waits_since(p, c)};
	struct table *t = session_table_here();
	if (!waits(c))
		return CAUSE_NONE;
	avoid_note(&c->to, AVOIDED_CONNECT);
	return t && endpoint_unanswered(t, &o.endpoint, o.since) ? CAUSE_TIMED_OUT : cause_of(p, c);
}

bool pending_waits(int fd, const struct tcp_connect *c) { return waits(c) && progress_of(fd, c) == WAITING; }

void pending_give_up(int fd)
{
	int saved = errno;
	const struct tcp_connect c = *pending_at(fd);
	if (pending_mine(fd)) {
		const enum progress p = progress_of(fd, &c);
		end_by(fd, p == WAITING || p == LOST ? given_up(p, &c) : cause_of(p, &c));
	} else {
		forget(fd);
	}
	errno = saved;
}

void pending_lost(int fd)
{
	int saved = errno;
	const struct tcp_connect c = *pending_at(fd);
	if (pending_mine(fd))
		end_by(fd, given_up(LOST, &c));
	else
		forget(fd);
	errno = saved;
}

void pending_end(void)
{
	struct table *t = session_table_here();
	struct pending_walk w = walk_of(session_pid());
	for (int fd; t && (fd = pending_next(&w)) != -1;) {
		const struct tcp_connect *c = pending_at(fd);
		if (!waited_long(c))
			endpoint_pending_over(t, ref_in(t, c), &c->to, (uint32_t)c->pid, false);
	}
}

bool pending_error_read(int fd, int error, struct tcp_connect *out)
{
	int saved = errno;
	const struct tcp_connect c = *pending_at(fd);
	bool connected = false;
	if (socket_cookie(fd) != c.cookie)
		pending_lost(fd);
	else if (error)
		connected = pending_conclude(fd, cause_of_errno(error), out);
	else if (progress_of(fd, &c) == CONNECTED)
		connected = pending_conclude(fd, CAUSE_CONNECTED, out);
	errno = saved;
	return connected;
}

bool pending_look(int fd, bool long_only, struct tcp_connect *out)
{
	int saved = errno;
	const struct tcp_connect c = *pending_at(fd);
	bool connected = false;
	if (!long_only || waited_long(&c)) {
		const enum progress p = progress_of(fd, &c);
		if (p == LOST)
			pending_lost(fd);
		else if (p == UNKNOWN)
			end_by(fd, CAUSE_NONE);
		else if (p != WAITING || waits_in_vain(&c))
			connected = pending_conclude(fd, cause_of(p, &c), out);
	}
	errno = saved;
	return connected;
}

/* ---- the beginning ---- */

HOT int pending_connect(struct table *t, int fd, const struct sockaddr *addr, socklen_t len, struct tcp_connect *c)
{
	int saved = errno;
	c->pid = session_pid();
	endpoint_pending(t, c->ref, &c->to, (struct pending){.since = c->since, .pid = (uint32_t)c->pid});
	errno = saved;

	int r = real()->connect(fd, addr, len);

	saved = errno;
	if (r == -1)
		c->cookie = socket_cookie(fd);
	if (r == -1 && (saved == EINPROGRESS || saved == EINTR || saved == EALREADY)) {
		c->pid = getpid();	/* the true one, after vfork too */
		add(fd, c);
	} else {
		report(c, r == 0 ? CAUSE_CONNECTED : cause_of_errno(saved));
	}
	errno = saved;
	return r;
}

void pending_copy(int from, int to)
{
	if (pending_mine(from))
		add(to, pending_at(from));
}
