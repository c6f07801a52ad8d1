/* send.c: see send.h. */
#include "shim/udp/send.h"

#include <errno.h>
#include <string.h>

#include "policy/base/clock.h"
#include "policy/rules/sip-route.h"
#include "policy/table/file.h"
#include "policy/wire/sip-hop.h"
#include "shim/core/avoid.h"
#include "shim/core/dialogs.h"
#include "shim/core/fds.h"
#include "shim/core/given.h"
#include "shim/core/memory.h"
#include "shim/core/pieces.h"
#include "shim/core/redirect-cache.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/udp/outcome.h"
#include "shim/udp/peer.h"

/* ---- is there anything to decide? ---- */

/* Also if a request may be waiting there for so long that its next send is the one too many. */
static bool concerns(const struct table *t, const struct endpoint *original, const struct cached_redirect *v)
{
	return v->redirects_requests || v->redirects_all || redirected_from(original) ||
	       (v->ref && judge_may_be_silent(t, v->ref, original, original));
}

/* The endpoint that is asked, if there is something to decide; otherwise d->steady says what is known. */
static bool take_original(struct table *t, const struct sockaddr *to, socklen_t to_len, struct udp_send *d, struct cached_redirect *v)
{
	if (to_len > sizeof(struct sockaddr_storage) || !memory_readable(to, to_len))
		return false;
	const uint64_t key = steady_address(t, to, to_len, d->now_ms);
	d->steady = steady_look(key);
	if (d->steady != STEADY_NOT || !endpoint_from_sockaddr(to, to_len, &d->original))
		return false;
	d->original.transport = TRANSPORT_UDP;
	redirect_cached(t, &d->original, v);
	if (concerns(t, &d->original, v))
		return true;
	if (!v->settled && dns_port(d->original.port))
		return false;
	steady_note(key, v->ref != 0);
	d->steady = v->ref ? STEADY_CANDIDATE : STEADY_STRANGER;
	return false;
}

/* Where an initial request belongs. One that this program sends again elsewhere does not go back to the server that did not answer. */
static const struct endpoint *pin_of(const struct table *t, const struct udp_send *d, const struct cached_redirect *v)
{
	return v->redirects_requests && !avoid_now(t, &v->to) ? &v->to : &d->original;
}

/* The same for the peer of a connected socket, of which `at` is known. */
static bool concerns_peer(const struct table *t, const struct udp_send *d, const struct cached_redirect *v,
			  const struct cached_redirect *at)
{
	const struct endpoint *actual = &d->peer.actual;
	return !endpoint_same(pin_of(t, d, v), actual) || (at->ref && judge_may_be_silent(t, at->ref, &d->original, actual));
}

static bool take_peer(struct table *t, int fd, struct udp_send *d, struct cached_redirect *v)
{
	struct cached_redirect at;
	const uint64_t number = peer_number(fd);
	uint64_t key = 0;
	if (number && !d->addressed)
		d->steady = steady_look(key = steady_peer(t, number, d->now_ms));
	if (!number || d->steady != STEADY_NOT || !peer_of(fd, &d->peer))
		return false;
	d->original = d->peer.original;
	redirect_cached(t, &d->original, v);
	redirect_cached(t, &d->peer.actual, &at);
	if (d->addressed || concerns_peer(t, d, v, &at))
		return true;
	steady_note(key, at.ref != 0);
	d->steady = at.ref ? STEADY_CANDIDATE : STEADY_STRANGER;
	return false;
}

/* Is it the address of a peer that was redirected, from where alone the socket hears? */
static bool is_redirected_from(int fd, const struct sockaddr *to, socklen_t to_len)
{
	struct peer c;
	struct endpoint e;
	if (!redirected_any() || !peer_number(fd) || to_len > sizeof(struct sockaddr_storage) ||
	    !memory_readable(to, to_len) || !endpoint_from_sockaddr(to, to_len, &e))
		return false;
	e.transport = TRANSPORT_UDP;
	return peer_of(fd, &c) && peer_is_redirected(&c) && endpoint_same(&c.original, &e);
}

/*
 * An address that libc handed out first for a name stands for the name: programs that look up one address
 * write it in their requests (sipp's [remote_ip]).
 */
static bool is_by_number(const void *buf, size_t len, const struct udp_send *d)
{
	return d->may_redirect && d->m.to == SIP_TO_BARE && hop_is(buf, len, &d->original) && !given_first(&d->original.addr);
}

static void parse(const void *buf, size_t len, struct udp_send *d)
{
	d->sip = sip_looks(buf, len) && sip_parse_datagram(buf, len, &d->m);
	d->key = d->sip ? sip_transaction(&d->m) : 0;
	d->number = d->sip && is_by_number(buf, len, d);
}

static __attribute__((noinline)) bool read_pieces(const struct iovec *piece, size_t pieces, struct udp_send *d)
{
	char whole[PIECES_MAX];
	size_t len;
	if (pieces > UIO_MAXIOV || !memory_readable(piece, pieces * sizeof *piece) || !pieces_readable(piece, pieces))
		return false;
	len = pieces_join(piece, pieces, SIZE_MAX, whole);
	parse(whole, len, d);
	return true;
}

static bool read_message(const struct iovec *piece, size_t pieces, struct udp_send *d)
{
	const void *buf = piece->iov_base;
	const size_t len = piece->iov_len < SIP_HEADER_MAX ? piece->iov_len : SIP_HEADER_MAX;
	if (!memory_readable(buf, len))
		return false;
	if (pieces > 1 && pieces_cut(buf, len))
		return read_pieces(piece, pieces, d);
	parse(buf, len, d);
	return true;
}

/* ---- where it goes ---- */

/* The request is about to be sent again: was that the silence that proves its server dead? Then it is reported. */
static bool went_silent(struct table *t, int fd, const struct tx *x, uint64_t now)
{
	struct server p;
	const uint64_t age = tx_age_ms(x, now);
	if (x->answered || x->finished || !judge_server(fd, &x->last, &p) || p.table != t || !judge_silent(&p, x, age))
		return false;
	judge_report(&p, CAUSE_SILENCE, COOL_BY_HISTORY);
	return true;
}

/* What is remembered of the message's transaction and dialog, each with where it leads. */
struct memory {
	struct remembered known;
	struct tx origin, again;
	struct redirect request, leg, dialog;
};

static void remember(struct table *t, int fd, const struct udp_send *d, struct memory *r)
{
	const struct transactions *tr = &shared->transactions;
	const struct sip_message *m = &d->m;
	const uint64_t now = d->now_ms;
	const bool follows = m->method == SIP_ACK || m->method == SIP_CANCEL;
	r->known = (struct remembered){.number = d->number};
	if (m->status) {
		r->known.came_from = redirect_find(&shared->requests, d->key, &d->original, &r->request);
		return;
	}
	r->known.origin = follows && tx_origin(tr, d->key, now, &r->origin) && endpoint_same(&r->origin.original, &d->original);
	r->known.again = tx_find(tr, d->key, m->method, now, &r->again) && endpoint_same(&r->again.original, &d->original);
	r->known.leg = redirect_find(&shared->dialogs, sip_leg(m), &d->original, &r->leg);
	r->known.dialog = redirect_find(&shared->dialogs, m->call_id, &d->original, &r->dialog);
	r->known.silent = r->known.again && went_silent(t, fd, &r->again, now);
}

/* If nothing is done about it. */
static const struct endpoint *usual(const struct udp_send *d) { return d->connected ? &d->peer.actual : &d->original; }

static struct endpoint destination(struct table *t, int fd, const struct udp_send *d, struct cached_redirect *v)
{
	struct memory r;
	if (!d->sip)
		return v->redirects_all && !d->connected ? v->to : *usual(d);
	remember(t, fd, d, &r);
	const enum sip_route route = sip_route_of(&d->m, r.known);
	if (d->connected && route != ROUTE_PIN && !(d->number && route == ROUTE_ORIGINAL))
		return *usual(d);
	switch (route) {
	case ROUTE_BACK: return r.request.actual;
	case ROUTE_REQUEST: return r.origin.last;
	case ROUTE_AGAIN: return r.again.last;
	case ROUTE_LEG: return r.leg.actual;
	case ROUTE_DIALOG: return r.dialog.actual;
	case ROUTE_PIN:
		if (r.known.silent)
			redirect_cached(t, &d->original, v);
		return *pin_of(t, d, v);
	case ROUTE_ORIGINAL: break;
	}
	return d->original;
}

/* ---- what is remembered of it ---- */

/* A dialog that it may begin is remembered if it is redirected, and forgotten if it is not. */
static void note_dialog(const struct udp_send *d, const struct endpoint *to)
{
	const struct redirect r = {.original = d->original, .actual = *to};
	if (!sip_begins_dialog(&d->m))
		return;
	if (!endpoint_same(to, &d->original))
		redirect_note(&shared->dialogs, d->m.call_id, &d->original, &r, d->now_ms);
	else if (redirected_from(&d->original))
		redirect_forget(&shared->dialogs, d->m.call_id, &d->original);
}

static void note_message(int fd, const struct udp_send *d, const struct endpoint *to)
{
	if (!d->sip)
		return;
	dialogs_passed(&d->m, true, &d->original, to, d->now_ms);
	if (d->m.status)
		return;
	note_dialog(d, to);
	judge_sent(fd, &d->m, d->key, &d->original, to, d->now_ms);
}

/* Before it goes, since its answer may be read by another process at once. */
static bool redirect(int fd, const struct sockaddr *to, socklen_t to_len, struct udp_send *d)
{
	if (!peer_redirect(fd, &d->original, &d->actual, d->now_ms))
		return false;
	memcpy(&d->to, to, to_len);
	endpoint_to_sockaddr(&d->actual, (struct sockaddr *)&d->to);
	note_message(fd, d, &d->actual);
	return true;
}

/* The message is noted when it has gone: one that a pending error holds up is an initial one the next time too. */
static bool reconnect(int fd, struct udp_send *d)
{
	struct peer c = d->peer;
	if (peer_reconnect(fd, &c, &d->actual))
		return true;
	d->peer = c;
	return false;
}

/* ---- the calls ---- */

/*
 * Before anything is asked of a socket that nothing is known of: only SIP is worth it. A program that speaks something else
 * may be sealed (seccomp(2)); what is redirected knows its peer already.
 */
static bool worth_asking(int fd, const struct iovec *piece, size_t pieces)
{
	const size_t head = piece->iov_len < SIP_SHORTEST ? piece->iov_len : SIP_SHORTEST;
	if (fd_cookie(fd) != FD_NOT_ASKED || (pieces > 1 && head < SIP_SHORTEST))
		return true;
	return memory_readable(piece->iov_base, head) && sip_looks(piece->iov_base, piece->iov_len);
}

bool send_plan(int fd, const struct iovec *piece, size_t pieces, const struct sockaddr *to, socklen_t to_len,
		 struct udp_send *d)
{
	struct table *t = session_table_here();
	struct cached_redirect v;
	int saved = errno;
	d->steady = STEADY_NOT;
	d->now_ms = now_ms();
	const bool worth = (!to || redirected_any()) && worth_asking(fd, piece, pieces);
	d->addressed = to && worth && is_redirected_from(fd, to, to_len);
	d->connected = !to || d->addressed;
	const bool taken = t && shared && (to || worth) &&
			   (d->connected ? take_peer(t, fd, d, &v) : take_original(t, to, to_len, d, &v));
	d->may_redirect = taken && v.redirects_requests && !v.redirects_all;
	const bool planned = taken && read_message(piece, pieces, d) && (d->sip || d->addressed || (v.redirects_all && !d->connected));
	if (planned) {
		d->actual = destination(t, fd, d, &v);
		d->actual.transport = TRANSPORT_UDP;
		d->redirected = !endpoint_same(usual(d), &d->actual) && (d->connected ? reconnect(fd, d) : redirect(fd, to, to_len, d));
	}
	errno = saved;
	return planned;
}

/* Remembers a request that went as usual. */
static void note_as_usual(int fd, const struct udp_send *d)
{
	if (!d->sip)
		return;
	note_message(fd, d, usual(d));
	if (!d->connected && !d->m.status)
		peer_note_own(fd, &d->original, d->now_ms);
}

void send_done(int fd, const struct udp_send *d, bool redirected)
{
	int saved = errno;
	if (!redirected)
		note_as_usual(fd, d);
	else if (d->connected)
		note_message(fd, d, &d->actual);
	errno = saved;
}

void send_back(int fd, const struct udp_send *d)
{
	struct peer c = {.original = d->original, .actual = d->actual};
	peer_reconnect(fd, &c, &d->peer.actual);
}

void send_unplanned(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len, struct udp_send *d)
{
	if (!sip_looks(buf, len) || d->steady == STEADY_STRANGER)
		return;
	if (d->steady == STEADY_NOT) {
		datagram_sent(fd, buf, len, to, to_len);
		return;
	}
	int saved = errno;
	const bool known = to ? endpoint_from_sockaddr(to, to_len, &d->original) : peer_of(fd, &d->peer);
	if (!to)
		d->original = d->peer.original;
	d->original.transport = TRANSPORT_UDP;
	d->sip = known && sip_parse_datagram(buf, len, &d->m);
	d->key = d->sip ? sip_transaction(&d->m) : 0;
	note_as_usual(fd, d);
	errno = saved;
}
