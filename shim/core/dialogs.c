/* dialogs.c: see dialogs.h. */
#include "shim/core/dialogs.h"

#include "policy/rules/sip-route.h"
#include "shim/core/judge.h"
#include "shim/core/route.h"

enum {
	IDLE_MS = 3 * 3600 * 1000,	/* a call without a word in its dialog may be that long */
	ENDED_MS = TX_KEEP_MS,		/* a BYE without an answer yet may be sent again, or anew with credentials */
};

/* The server alone: a dialog over UDP goes on over TCP, perhaps on another port. */
static struct endpoint server_of(const struct endpoint *e) { return (struct endpoint){.addr = e->addr}; }

static bool same_server(const struct endpoint *a, const struct endpoint *b) { return address_equal(&a->addr, &b->addr); }

/* `own` in a record: the dialog has ended. */
static bool is_alive(const struct move *mv, uint64_t active, uint64_t now_ms)
{
	return now_ms - active < (mv->own ? (uint64_t)ENDED_MS : IDLE_MS) || active > now_ms;
}

/* ---- what passes ---- */

static bool is_ack_to_failure(const struct sip_message *m, uint64_t now_ms)
{
	struct tx x;
	return m->method == SIP_ACK && !m->status && tx_origin(judge_requests(), sip_transaction(m), now_ms, &x) && !x.within;
}

static void note(const struct sip_message *m, bool ended, const struct endpoint *asked, const struct endpoint *real,
		 uint64_t now_ms)
{
	const struct endpoint server = server_of(real), known_as = server_of(asked);
	const struct move mv = {.asked = *asked, .real = *real, .own = ended};
	struct move old;
	const bool known = move_find(&route_moves->homes, m->call_id, &server, &old);
	if (ended && (!known || m->status)) {
		move_forget(&route_moves->homes, m->call_id, &server);
		return;
	}
	if (known && old.own && !ended && !m->status)
		return;			/* sent again */
	move_note(&route_moves->homes, m->call_id, &server, &mv, now_ms);
	bits_add(&route_moves->servers, &server);
	if (!same_server(asked, real))
		bits_add(&route_moves->believed, &known_as);
}

void dialogs_passed(const struct sip_message *m, bool out, const struct endpoint *asked, const struct endpoint *real,
		    uint64_t now_ms)
{
	if (m->to != SIP_TO_TAGGED || !route_moves || !judge_requests())
		return;
	switch (course_dialog(m, out, is_ack_to_failure(m, now_ms))) {
	case DIALOG_LIVES: note(m, false, asked, real, now_ms); break;
	case DIALOG_ENDS: note(m, true, asked, real, now_ms); break;
	case DIALOG_NOTHING: break;
	}
}

/* ---- where they are ---- */

struct search {
	const struct endpoint *asked;
	uint64_t call_id;		/* 0: of any dialog */
	uint64_t now_ms;
	enum dialogs_at found;
	uint64_t latest;		/* of those elsewhere */
	struct endpoint to;
};

/* Over the same kind of port as there, or else the one asked. */
static struct endpoint place_of(const struct move *mv, const struct endpoint *asked)
{
	const uint16_t port = mv->asked.port == asked->port ? mv->real.port : asked->port;
	return (struct endpoint){mv->real.addr, port, asked->transport};
}

static void regard(struct search *s, const struct move *mv, uint64_t active)
{
	if (same_server(&mv->real, s->asked)) {
		s->found = DIALOGS_HERE;
		s->to = *s->asked;
	} else if (same_server(&mv->asked, s->asked) && s->found != DIALOGS_HERE && active >= s->latest) {
		s->found = DIALOGS_ELSEWHERE;
		s->latest = active;
		s->to = place_of(mv, s->asked);
	}
}

static enum dialogs_at search(struct search *s)
{
	struct move_record r;
	for (unsigned i = 0; i < MOVE_RECORDS; i++) {
		if (!move_at(&route_moves->homes, i, &r) || !is_alive(&r.mv, r.active_ms, s->now_ms))
			continue;
		const struct endpoint server = server_of(&r.mv.real);
		if (!s->call_id || r.key == endpoint_key(&server, s->call_id))
			regard(s, &r.mv, r.active_ms);
	}
	return s->found;
}

enum dialogs_at dialogs_at(const struct endpoint *asked, bool led, uint64_t now_ms, struct endpoint *to)
{
	const struct endpoint server = server_of(asked);
	struct search s = {.asked = asked, .now_ms = now_ms, .to = *asked};
	if (!route_moves || !((led && bits_have(&route_moves->servers, &server)) || bits_have(&route_moves->believed, &server)))
		return DIALOGS_NONE;
	search(&s);
	*to = s.to;
	return led || s.found == DIALOGS_ELSEWHERE ? s.found : DIALOGS_NONE;
}

enum dialogs_at dialogs_of(const struct sip_message *m, const struct endpoint *asked, uint64_t now_ms, struct endpoint *to)
{
	struct search s = {.asked = asked, .call_id = m->call_id, .now_ms = now_ms, .to = *asked};
	if (!route_moves || m->to != SIP_TO_TAGGED || m->status || !m->call_id)
		return DIALOGS_NONE;
	search(&s);
	*to = s.to;
	return s.found;
}

void dialogs_lost(const struct endpoint *to)
{
	const struct endpoint server = server_of(to);
	struct move_record r;
	if (!route_moves || !bits_have(&route_moves->servers, &server))
		return;
	for (unsigned i = 0; i < MOVE_RECORDS; i++)
		if (move_at(&route_moves->homes, i, &r) && same_server(&r.mv.real, to))
			move_drop(&route_moves->homes, i);
}
