/* dialogs.c: see dialogs.h. */
#include "shim/core/dialogs.h"

#include "policy/rules/sip-route.h"
#include "shim/core/shared.h"

enum {
	IDLE_MS = 3 * 3600 * 1000,	/* a call without a word in its dialog may be that long */
	ENDED_MS = TX_KEEP_MS,		/* a BYE without an answer yet may be sent again, or anew with credentials */
};

/* The server alone: a dialog over UDP goes on over TCP, perhaps on another port. */
static struct endpoint server_of(const struct endpoint *e) { return (struct endpoint){.addr = e->addr}; }

static bool same_server(const struct endpoint *a, const struct endpoint *b) { return address_equal(&a->addr, &b->addr); }

static bool is_alive(const struct redirect *r, uint64_t active, uint64_t now_ms)
{
	return now_ms - active < (r->ended ? (uint64_t)ENDED_MS : IDLE_MS) || active > now_ms;
}

/* ---- what passes ---- */

static bool is_ack_to_failure(const struct sip_message *m, uint64_t now_ms)
{
	struct tx x;
	return m->method == SIP_ACK && !m->status && tx_origin(&shared->transactions, sip_transaction(m), now_ms, &x) && !x.within;
}

static void note(const struct sip_message *m, bool ended, const struct endpoint *original, const struct endpoint *actual,
		 uint64_t now_ms)
{
	const struct endpoint server = server_of(actual), known_as = server_of(original);
	const struct redirect r = {.original = *original, .actual = *actual, .ended = ended};
	struct redirect old;
	const bool known = redirect_find(&shared->homes, m->call_id, &server, &old);
	if (ended && (!known || m->status)) {
		redirect_forget(&shared->homes, m->call_id, &server);
		return;
	}
	if (known && old.ended && !ended && !m->status)
		return;			/* sent again */
	redirect_note(&shared->homes, m->call_id, &server, &r, now_ms);
	bits_add(&shared->servers, &server);
	if (!same_server(original, actual))
		bits_add(&shared->believed, &known_as);
}

void dialogs_passed(const struct sip_message *m, bool out, const struct endpoint *original, const struct endpoint *actual,
		    uint64_t now_ms)
{
	if (m->to != SIP_TO_TAGGED || !shared)
		return;
	switch (sip_dialog_of(m, out, is_ack_to_failure(m, now_ms))) {
	case DIALOG_LIVES: note(m, false, original, actual, now_ms); break;
	case DIALOG_ENDS: note(m, true, original, actual, now_ms); break;
	case DIALOG_NOTHING: break;
	}
}

/* ---- where they are ---- */

struct search {
	const struct endpoint *original;
	uint64_t call_id;		/* 0: of any dialog */
	uint64_t now_ms;
	enum dialogs_at found;
	uint64_t latest;		/* of those elsewhere */
	struct endpoint to;
};

/* Over the same kind of port as there, or else the original one. */
static struct endpoint place_of(const struct redirect *r, const struct endpoint *original)
{
	const uint16_t port = r->original.port == original->port ? r->actual.port : original->port;
	return (struct endpoint){r->actual.addr, port, original->transport};
}

static void regard(struct search *s, const struct redirect *r, uint64_t active)
{
	if (same_server(&r->actual, s->original)) {
		s->found = DIALOGS_HERE;
		s->to = *s->original;
	} else if (same_server(&r->original, s->original) && s->found != DIALOGS_HERE && active >= s->latest) {
		s->found = DIALOGS_ELSEWHERE;
		s->latest = active;
		s->to = place_of(r, s->original);
	}
}

static enum dialogs_at search(struct search *s)
{
	struct redirect_record r;
	for (unsigned i = 0; i < REDIRECT_RECORDS; i++) {
		if (!redirect_at(&shared->homes, i, &r) || !is_alive(&r.r, r.active_ms, s->now_ms))
			continue;
		const struct endpoint server = server_of(&r.r.actual);
		if (!s->call_id || r.key == endpoint_key(&server, s->call_id))
			regard(s, &r.r, r.active_ms);
	}
	return s->found;
}

enum dialogs_at dialogs_at(const struct endpoint *original, bool redirected, uint64_t now_ms, struct endpoint *to)
{
	const struct endpoint server = server_of(original);
	struct search s = {.original = original, .now_ms = now_ms, .to = *original};
	if (!shared || !((redirected && bits_have(&shared->servers, &server)) || bits_have(&shared->believed, &server)))
		return DIALOGS_NONE;
	search(&s);
	*to = s.to;
	return redirected || s.found == DIALOGS_ELSEWHERE ? s.found : DIALOGS_NONE;
}

enum dialogs_at dialogs_of(const struct sip_message *m, const struct endpoint *original, uint64_t now_ms, struct endpoint *to)
{
	struct search s = {.original = original, .call_id = m->call_id, .now_ms = now_ms, .to = *original};
	if (!shared || m->to != SIP_TO_TAGGED || m->status || !m->call_id)
		return DIALOGS_NONE;
	search(&s);
	*to = s.to;
	return s.found;
}

void dialogs_lost(const struct endpoint *to)
{
	const struct endpoint server = server_of(to);
	struct redirect_record r;
	if (!shared || !bits_have(&shared->servers, &server))
		return;
	for (unsigned i = 0; i < REDIRECT_RECORDS; i++)
		if (redirect_at(&shared->homes, i, &r) && same_server(&r.r.actual, to))
			redirect_drop(&shared->homes, i);
}
