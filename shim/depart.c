/* depart.c: see depart.h. */
#include "depart.h"

#include <errno.h>
#include <string.h>

#include "course.h"
#include "datagram.h"
#include "memory.h"
#include "route.h"
#include "session.h"
#include "verdicts.h"

/* ---- is there anything to decide? ---- */

/* Also if a request may be waiting there for so long that its next send is the one too many. */
static bool concerns(const struct table *t, const struct endpoint *asked, const struct verdict *v)
{
	return v->request || v->datagram || route_moved(asked) ||
	       (v->ref && bits_have(&route_moves->waited, asked) && judge_may_be_silent(t, v->ref, asked));
}

/* The endpoint that is asked, if there is something to decide; otherwise d->quiet says what is known. */
static bool take_asked(struct table *t, const struct sockaddr *to, socklen_t to_len, struct departure *d, struct verdict *v)
{
	if (to_len > sizeof(struct sockaddr_storage) || !memory_readable(to, to_len))
		return false;
	d->quiet = verdict_quiet(t, to, to_len, d->now_ms);
	if (d->quiet != QUIET_NOT || !endpoint_from_sockaddr(to, to_len, &d->asked))
		return false;
	d->asked.transport = TRANSPORT_UDP;
	verdict_of(t, &d->asked, v);
	if (concerns(t, &d->asked, v))
		return true;
	verdict_quieten(t, to, to_len, d->now_ms, v->ref != 0);
	d->quiet = v->ref ? QUIET_CANDIDATE : QUIET_STRANGER;
	return false;
}

static bool read_message(const void *buf, size_t len, struct departure *d)
{
	const size_t most = len < SIP_HEADER_MAX ? len : SIP_HEADER_MAX;
	const size_t n = memory_near(buf, most) ? most : memory_asked(buf, most);
	d->sip = n == most && sip_looks(buf, n) && sip_parse_datagram(buf, n, &d->m);
	d->key = d->sip ? sip_transaction(&d->m) : 0;
	return n == most;
}

/* ---- where it goes ---- */

/* The request is about to be sent again: was that the silence that proves its server dead? Then it is told. */
static bool went_silent(struct table *t, int fd, const struct tx *x, uint64_t now)
{
	struct peer p;
	const uint64_t age = tx_age_ms(x, now);
	if (x->answered || x->finished || !judge_peer(fd, &x->last, &p) || p.table != t ||
	    !silence_verdict(x->method, x->sends, age, judge_heard_since(&p, age)))
		return false;
	judge_report(&p, CAUSE_SILENCE, COOL_BY_HISTORY);
	return true;
}

/* What is remembered of the message's transaction and dialog, each with where it leads. */
struct memory {
	struct remembered known;
	struct tx origin, again;
	struct move request, dialog;
};

static void remember(struct table *t, int fd, const struct departure *d, struct memory *r)
{
	const struct transactions *tr = judge_requests();
	const struct sip_message *m = &d->m;
	const uint64_t now = d->now_ms;
	const bool follows = m->method == SIP_ACK || m->method == SIP_CANCEL;
	r->known = (struct remembered){0};
	if (m->status) {
		r->known.request = move_find(&route_moves->requests, d->key, &d->asked, &r->request);
		return;
	}
	r->known.origin = follows && tx_origin(tr, d->key, now, &r->origin) && endpoint_same(&r->origin.asked, &d->asked);
	r->known.again = tx_find(tr, d->key, m->method, now, &r->again) && endpoint_same(&r->again.asked, &d->asked);
	r->known.dialog = move_find(&route_moves->dialogs, m->call_id, &d->asked, &r->dialog);
	r->known.silent = r->known.again && went_silent(t, fd, &r->again, now);
}

static struct endpoint destination(struct table *t, int fd, const struct departure *d, struct verdict *v)
{
	struct memory r;
	if (!d->sip)
		return v->datagram ? v->to : d->asked;
	remember(t, fd, d, &r);
	switch (course_of(&d->m, r.known)) {
	case COURSE_BACK: return r.request.real;
	case COURSE_ORIGIN: return r.origin.last;
	case COURSE_AGAIN: return r.again.last;
	case COURSE_DIALOG: return r.dialog.real;
	case COURSE_PIN:
		if (r.known.silent)
			verdict_of(t, &d->asked, v);
		return v->request ? v->to : d->asked;
	case COURSE_ASKED: break;
	}
	return d->asked;
}

/* ---- what is remembered of it ---- */

/* A dialog that it may begin is remembered where it was moved, and no longer where it was not. */
static void note_dialog(const struct departure *d, bool moved)
{
	const struct move mv = {.asked = d->asked, .real = d->real};
	if (!course_begins_dialog(&d->m))
		return;
	if (moved)
		move_note(&route_moves->dialogs, d->m.call_id, &d->asked, &mv, d->now_ms);
	else if (route_moved(&d->asked))
		move_forget(&route_moves->dialogs, d->m.call_id, &d->asked);
}

static void note_message(const struct departure *d, bool moved)
{
	if (!d->sip || d->m.status)
		return;
	note_dialog(d, moved);
	judge_sent(&d->m, d->key, &d->asked, moved ? &d->real : &d->asked, d->now_ms);
}

/* Before it goes, since its answer may be read by another process at once. */
static bool move(int fd, const struct sockaddr *to, socklen_t to_len, struct departure *d)
{
	if (!route_move(fd, &d->asked, &d->real, d->now_ms))
		return false;
	memcpy(&d->to, to, to_len);
	route_address(&d->real, (struct sockaddr *)&d->to);
	note_message(d, true);
	return true;
}

/* ---- the calls ---- */

bool depart_plan(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len, struct departure *d)
{
	struct table *t = session_table_here();
	struct verdict v;
	int saved = errno;
	d->quiet = QUIET_NOT;
	d->now_ms = judge_now_ms();
	const bool planned = t && route_moves && judge_requests() && take_asked(t, to, to_len, d, &v) &&
			     read_message(buf, len, d) && (d->sip || v.datagram);
	if (planned) {
		d->real = destination(t, fd, d, &v);
		d->real.transport = TRANSPORT_UDP;
		d->moved = !endpoint_same(&d->asked, &d->real) && move(fd, to, to_len, d);
	}
	errno = saved;
	return planned;
}

/* Remembers a request that went as asked. */
static void note_as_asked(int fd, const struct departure *d)
{
	if (!d->sip || d->m.status)
		return;
	note_message(d, false);
	route_own(fd, &d->asked, d->now_ms);
}

void depart_done(int fd, const struct departure *d, bool moved)
{
	int saved = errno;
	if (!moved)
		note_as_asked(fd, d);
	errno = saved;
}

void depart_unplanned(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len, struct departure *d)
{
	if (!sip_looks(buf, len) || d->quiet == QUIET_STRANGER)
		return;
	if (d->quiet == QUIET_NOT) {
		datagram_sent(fd, buf, len, to, to_len);
		return;
	}
	int saved = errno;
	d->sip = sip_parse_datagram(buf, len, &d->m) && endpoint_from_sockaddr(to, to_len, &d->asked);
	d->asked.transport = TRANSPORT_UDP;
	d->key = d->sip ? sip_transaction(&d->m) : 0;
	note_as_asked(fd, d);
	errno = saved;
}
