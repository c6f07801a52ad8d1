/* sip.c: connections to candidates, from established to their end. See sip.h. */
#include "shim/tcp/sip.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "policy/base/clock.h"
#include "policy/base/hot.h"
#include "policy/base/record.h"
#include "policy/pins/sip-health.h"
#include "policy/wire/sip-stream.h"
#include "shim/core/chunks.h"
#include "shim/core/dialogs.h"
#include "shim/core/judge.h"
#include "shim/core/libc.h"
#include "shim/core/report.h"
#include "shim/core/session.h"
#include "shim/core/socket.h"
#include "shim/core/turn.h"
#include "shim/core/waiting.h"
#include "shim/tcp/hangup.h"

struct stream {
	turns busy;			/* bit i: somebody is in way i */
	_Atomic uint64_t cookie;	/* of the socket; 0: nothing went through yet */
	struct endpoint to;		/* written with both ways busy, read with one */
	bool fresh[SIP_WAYS];		/* sip[i] is still an earlier connection's */
	bool failed;			/* way SIP_IN's: an answer said that the server has, and the program is to leave it */
	bool spoken;			/* the server sent a byte, or it is known that it never will */
	bool vouched;			/* and that was reported, where nothing can be read */
	struct sip_stream sip[SIP_WAYS];
};

_Atomic int sip_owners[STREAMS];

enum { CHUNK = 64 };			/* streams */

static struct stream first[CHUNK];
static chunk chunks[STREAMS / CHUNK] = {first};

static unsigned slot(int fd) { return (unsigned)fd % STREAMS; }

static struct stream *in_chunk(struct stream *all, int fd) { return all ? &all[slot(fd) % CHUNK] : NULL; }

/* NULL: nothing was ever kept there. */
static struct stream *slot_of(int fd) { return in_chunk(chunk_at(&chunks[slot(fd) / CHUNK]), fd); }

/* The same to begin in; NULL: there is no memory for it. */
static struct stream *slot_made(int fd)
{
	return in_chunk(chunk_made(&chunks[slot(fd) / CHUNK], CHUNK * sizeof(struct stream)), fd);
}

static bool is_followed(int fd) { return fd_is(fd, 1u << FD_STREAM_SIP | 1u << FD_STREAM_ENDS); }

enum { BOTH = 1u << SIP_OUT | 1u << SIP_IN };

static bool enter(struct stream *s, enum sip_way w) { return turn_take(&s->busy, 1u << w); }

static void leave(struct stream *s, enum sip_way w) { turn_end(&s->busy, 1u << w); }

static bool enter_both(struct stream *s) { return turn_take(&s->busy, BOTH); }

static void leave_both(struct stream *s) { turn_end(&s->busy, BOTH); }

/* Of the fd's slot. */
static int owner(int fd) { return atomic_load_explicit(&sip_owners[slot(fd)], memory_order_relaxed); }

static uint64_t cookie_of(const struct stream *s) { return atomic_load_explicit(&s->cookie, memory_order_relaxed); }

/* ---- beginning ---- */

static bool is_taken(int fd) { return owner(fd) != fd && slot(owner(fd)) == slot(fd) && is_followed(owner(fd)); }

/* Both ways are the caller's. */
static bool occupy(struct stream *s, int fd, const struct endpoint *to)
{
	if (is_taken(fd))
		return false;
	atomic_store_explicit(&sip_owners[slot(fd)], fd, memory_order_relaxed);
	atomic_store_explicit(&s->cookie, 0, memory_order_relaxed);
	s->to = *to;
	s->fresh[SIP_OUT] = s->fresh[SIP_IN] = true;
	s->failed = s->spoken = s->vouched = false;
	return true;
}

HOT void sip_follow(int fd, const struct endpoint *to)
{
	struct stream *s = slot_made(fd);
	bool done = false;
	if (s && enter_both(s)) {
		done = occupy(s, fd, to);
		leave_both(s);
	}
	fd_set_class(fd, done ? FD_STREAM_SIP : FD_STREAM);
}

/* ---- SIP ---- */

/* Of an fd that is followed: as far as we saw, it was not closed since it was connected. True: it was not known before. */
static bool know_socket(struct stream *s, int fd)
{
	if (cookie_of(s) != 0)
		return false;
	atomic_store_explicit(&s->cookie, socket_cookie(fd), memory_order_relaxed);
	return true;
}

static bool is_same_socket(const struct stream *s, int fd)
{
	return cookie_of(s) != 0 && cookie_of(s) == socket_cookie(fd);
}

struct saying {
	struct stream *s;
	int fd;
	enum sip_way way;
};

static void note_dialog(const struct saying *say, const struct sip_message *m)
{
	const struct endpoint *to = &say->s->to;
	struct redirect r = {.original = *to};
	if (m->to != SIP_TO_TAGGED)
		return;
	if (redirected_any())
		redirect_find(&shared->peers, cookie_of(say->s), to, &r);
	dialogs_passed(m, say->way == SIP_OUT, &r.original, to, now_ms());
}

static void on_message(void *arg, const struct sip_message *m)
{
	const struct saying *say = arg;
	const uint64_t key = sip_transaction(m);
	struct server p;
	if (!is_same_socket(say->s, say->fd))
		return;
	hangup_passed(cookie_of(say->s), &say->s->to, m);
	note_dialog(say, m);
	if (!key || !shared || (say->way == SIP_OUT) != (m->status == 0) || !judge_server(say->fd, &say->s->to, &p))
		return;
	if (say->way == SIP_OUT)
		judge_request(&p, m, key);
	else if (judge_response(&p, m, key) == STATUS_FAILED)
		say->s->failed = true;
}

/* The comparison that everything else is spared: a start line begins with a capital (sip-message.h), CRLFs before it (7.5). */
static bool may_be_sip(const struct sip_stream *sip, const char *p)
{
	return !sip_stream_is_idle(sip) || (*p >= 'A' && *p <= 'Z') || *p == '\r' || *p == '\n';
}

void sip_only_ends(int fd) { fd_change_class(fd, FD_STREAM_SIP, FD_STREAM_ENDS); }

/* A socket that was closed behind our back may have left its number to one that leads elsewhere. */
static bool leads_elsewhere(int fd, const struct endpoint *to)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof name;
	struct endpoint e;
	if (real()->getpeername(fd, (struct sockaddr *)&name, &len) == -1 ||
	    !endpoint_from_sockaddr((const struct sockaddr *)&name, len, &e))
		return false;
	e.transport = to->transport;
	return !endpoint_same(&e, to);
}

/* What may be SIP passes. Its first bytes cost system calls; a program that speaks something else may be sealed. */
static bool meet(const struct saying *say, size_t len)
{
	struct stream *s = say->s;
	if (!know_socket(s, say->fd))
		return true;
	if (leads_elsewhere(say->fd, &s->to)) {
		atomic_store_explicit(&s->cookie, 0, memory_order_relaxed);
		return false;
	}
	if (say->way == SIP_OUT)
		hangup_begin(say->fd, cookie_of(s), &s->to, len);
	return true;
}

/* Is SIP spoken there? Elsewhere what passes costs no system call: the program may be sealed. */
static bool is_sip(const struct endpoint *to)
{
	struct server p;
	return judge_server(-1, to, &p) && endpoint_speaks_sip(p.table, p.ref, to);
}

/* Where nothing can be read any byte of the server proves that it is alive (TLS). */
static void spoke(int fd)
{
	struct stream *s = slot_of(fd);
	if (!s || owner(fd) != fd || (s->spoken && (s->vouched || fd_class(fd) != FD_STREAM_ENDS)))
		return;
	s->spoken = true;
	if (fd_class(fd) != FD_STREAM_ENDS)
		return;
	s->vouched = true;
	if (is_sip(&s->to) && (know_socket(s, fd) || is_same_socket(s, fd)))
		judge_spoke(fd, &s->to);
}

void sip_closed(int fd, bool sending)
{
	struct stream *s = slot_of(fd);
	if (!s || owner(fd) != fd || s->spoken || !is_followed(fd) || !is_sip(&s->to) ||
	    !(know_socket(s, fd) || is_same_socket(s, fd)))
		return;
	s->spoken = true;
	waiting_ended(fd, &s->to, sending);
}

/* False: it is off. */
static bool feed_way(struct saying *say, const void *p, size_t len)
{
	struct sip_stream *sip = &say->s->sip[say->way];
	if (say->s->fresh[say->way])
		sip_stream_restart(sip);
	say->s->fresh[say->way] = false;
	if (!may_be_sip(sip, p) || !meet(say, len))
		return false;
	sip_stream_feed(sip, p, len, on_message, say);
	return !sip_stream_is_off(sip);
}

/* Way SIP_IN is the caller's. Not in the middle of a message: a body of it may be to come. */
static void hangup_if_failed(struct stream *s, int fd)
{
	if (s->failed && sip_stream_is_idle(&s->sip[SIP_IN]))
		s->failed = !hangup_failed(fd, cookie_of(s), &s->to);
}

static void feed(int fd, enum sip_way w, const void *p, size_t len)
{
	struct stream *s = slot_of(fd);
	struct saying say = {s, fd, w};
	bool on = false;
	if (!s || !enter(s, w)) {
		sip_only_ends(fd);
		return;
	}
	if (owner(fd) == fd) {
		on = feed_way(&say, p, len);
		if (on && w == SIP_IN)
			hangup_if_failed(s, fd);
	}
	if (!on && w == SIP_OUT && owner(fd) == fd && !s->spoken)
		waiting_opaque(fd, &s->to);
	leave(s, w);
	if (!on)
		sip_only_ends(fd);
}

void sip_passed(int fd, enum sip_way w, const void *p, size_t len)
{
	if (fd_class(fd) == FD_STREAM_SIP)
		feed(fd, w, p, len);
	if (w == SIP_IN && is_followed(fd))
		spoke(fd);
}

/* ---- ends ---- */

/* A reset tells that the server forgot the connection, not that it takes no other: the next attempt decides. */
static void ended(const struct stream *s, enum cause cause)
{
	struct server p;
	if (!judge_server(-1, &s->to, &p))
		return;
	const struct outcome o = {.endpoint = p.e, .socket = s->cookie};
	if (cause == CAUSE_RESET)
		report_reset(p.table, o);
	else
		report_failed(p.table, o, cause);
}

void sip_failed(int fd, int error)
{
	struct stream *s = slot_of(fd);
	enum cause cause = cause_of_errno(error);
	int saved = errno;
	if (cause != CAUSE_NONE && s && owner(fd) == fd && enter(s, SIP_IN)) {
		if (is_followed(fd))
			know_socket(s, fd);
		if (is_same_socket(s, fd)) {
			ended(s, cause);
			atomic_store_explicit(&s->cookie, 0, memory_order_relaxed);	/* once is enough */
			fd_set_class(fd, FD_STREAM);
		}
		leave(s, SIP_IN);
	}
	errno = saved;
}
