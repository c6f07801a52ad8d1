/* judge.c: see judge.h. The rules themselves are pure: status_proves() in sip-evidence.h. */
#include "shim/core/judge.h"

#include "policy/base/clock.h"
#include "policy/pins/endpoint-settings.h"
#include "policy/pins/sip-health.h"
#include "shim/core/dialogs.h"
#include "shim/core/redirect-cache.h"
#include "shim/core/report.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/socket.h"
#include "shim/core/waiting.h"

bool judge_server(int fd, const struct endpoint *e, struct server *out)
{
	struct table *t = session_table_here();
	struct cached_redirect v = {0};
	if (t)
		redirect_cached(t, e, &v);
	*out = (struct server){.table = t, .e = *e, .ref = v.ref, .fd = fd};
	return out->ref != 0;
}

bool judge_heard_since(const struct server *p, enum sip_method method, uint64_t age_ms)
{
	return endpoint_heard_since(p->table, p->ref, &p->e, request_kind(method), now_ms() - age_ms);
}

bool judge_silent(const struct server *p, const struct tx *x, uint64_t age_ms)
{
	return x->sends >= SILENCE_LEAST_SENDS && age_ms >= SILENCE_LEAST_MS &&
	       silence_proves(x->method, x->sends, age_ms, judge_heard_since(p, x->method, age_ms),
			      setting_at(p->table, &p->e, SET_SILENCE));
}

/* It answered so lately that it cannot count as silent in the next second, and some ticks. */
static bool heard_lately(const struct table *t, addr_ref ref, const struct endpoint *e, enum request_kind kind)
{
	enum { AHEAD_MS = 1400 };
	const uint32_t silence_ms = (uint32_t)(setting_at(t, e, SET_SILENCE) >> 32);
	return silence_ms > AHEAD_MS && endpoint_heard_age(t, ref, e, kind) <= (silence_ms - AHEAD_MS) * TICKS_PER_S / 1000;
}

bool judge_may_be_silent(const struct table *t, addr_ref ref, const struct endpoint *original, const struct endpoint *e)
{
	for (enum request_kind kind = REQUEST_REGISTRATION; kind < REQUEST_KINDS; kind++)
		if (bits_have(&shared->waited[kind], original) && !heard_lately(t, ref, e, kind))
			return true;
	return false;
}

/* ---- whose request it is ---- */

/* Sixteen bits of the account. Its owner need not be told from all others, only from those of one host. */
static uint16_t account_of(const struct sip_message *m) { return (uint16_t)(sip_account(m) >> 32); }

/* Was that noted in the last minute? A hash in one word, which is never torn. */
static bool is_noted(const struct endpoint *e, uint16_t account, uint64_t now_ms)
{
	static word64 noted[64];
	const uint64_t key = endpoint_key(e, (uint64_t)account << 48 ^ now_ms / 60000);
	word64 *w = &noted[hash_slot(key, 64)];
	if (get64(w) == key)
		return true;
	put64(w, key);
	return false;
}

static void note_account(const struct sip_message *m, const struct endpoint *to, uint64_t now_ms)
{
	struct table *t = session_table_here();
	if (t && (m->method == SIP_REGISTER || m->method == SIP_INVITE) && !is_noted(to, account_of(m), now_ms) &&
	    addr_find(t, &to->addr))
		account_used(t, to, account_of(m));
}

/* ---- requests ---- */

/*
 * A request that is sent again to a server of which something was heard meanwhile: the silence begins with this send.
 * Else one that was sent just before the server's last answer to anybody would wait there to its end.
 */
static void begin_silence(const struct tx *x, const struct endpoint *to, uint64_t now_ms)
{
	struct server p;
	if (x->sends > 1 && !x->answered && !x->finished && judge_server(-1, to, &p) &&
	    judge_heard_since(&p, x->method, tx_age_ms(x, now_ms)))
		tx_anew(&shared->transactions, x->key, x->method, now_ms);
}

/* Another process or thread read the answer of `x` before the request was noted. */
static void judge_early(const struct server *p, const struct sip_message *m, uint64_t key, const struct tx *x)
{
	const struct sip_message answer = {.method = m->method, .status = x->early,
					   .to_aor = m->to_aor, .from_aor = m->from_aor,
					   .retry_after = x->early_retry_s ? x->early_retry_s : SIP_ABSENT};
	judge_response(p, &answer, key);
}

void judge_sent(int fd, const struct sip_message *m, uint64_t key, const struct endpoint *original, const struct endpoint *to,
		uint64_t now_ms)
{
	const enum request_kind kind = request_kind(m->method);
	if (!shared)
		return;
	const struct tx x = tx_redirected(&shared->transactions, key, m->method, m->to == SIP_TO_TAGGED, original, to, now_ms);
	if (kind != REQUEST_OTHER)
		begin_silence(&x, to, now_ms);
	bits_add(&shared->waited[kind], original);
	bits_add(&shared->sent[kind], to);
	note_account(m, to, now_ms);
	struct server p;
	if (!x.early)
		waiting_sent(fd, m, key, to, now_ms);
	else if (judge_server(fd, to, &p))
		judge_early(&p, m, key, &x);
}

bool judge_knows(const struct endpoint *e, unsigned status)
{
	struct table *t = session_table_here();
	enum request_kind kind = REQUEST_OTHER;
	unsigned kinds = 0;
	if (!t || !shared || redirected_any() || status_may_fail(status) || account_refused_lately(t) ||
	    get32(&waiting_noted))
		return false;
	for (enum request_kind k = REQUEST_OTHER; k < REQUEST_KINDS; k++)
		if (bits_have(&shared->sent[k], e))
			kind = k, kinds++;
	if (kinds != 1 || !success_reported(t, e, success_of(kind, kind == REQUEST_REGISTRATION && status / 100 == 2)))
		return false;
	waiting_unread(e);
	return true;
}

void judge_report(const struct server *p, enum cause cause, uint32_t cool)
{
	report_failed(p->table, (struct outcome){.endpoint = p->e, .cool = cool, .socket = socket_cookie(p->fd),
						 .since = tick_now()}, cause);
}

static uint64_t ms_since_registered(const struct server *p)
{
	uint32_t age = endpoint_registered_age(p->table, p->ref, &p->e);
	return age == UINT32_MAX ? UINT64_MAX : (uint64_t)age * 1000 / TICKS_PER_S;
}

void judge_request(const struct server *p, const struct sip_message *m, uint64_t key)
{
	const uint64_t now = now_ms();
	const struct tx x = tx_redirected(&shared->transactions, key, m->method, m->to == SIP_TO_TAGGED, &p->e, &p->e, now);
	note_account(m, &p->e, now);
	if (x.early)
		judge_early(p, m, key, &x);
	else
		waiting_sent(p->fd, m, key, &p->e, now);
}

/*
 * A server that was silent answers an INVITE that has gone on to another: its dialog is one of its own (RFC 3261
 * 13.2.2.4).
 */
static void note_late(const struct tx *x, const struct sip_message *m, const struct endpoint *from)
{
	const struct redirect r = {.original = x->original, .actual = *from};
	if (x->method == SIP_INVITE && !endpoint_same(&x->last, from) && shared)
		redirect_note(&shared->dialogs, sip_leg(m), &x->original, &r, now_ms());
}

void judge_spoke(int fd, const struct endpoint *e)
{
	struct server p;
	waiting_spoken(fd);
	if (!judge_server(fd, e, &p) || !endpoint_speaks_sip(p.table, p.ref, e))
		return;
	endpoint_heard(p.table, p.ref, e, REQUEST_OTHER, false);
	if (!success_reported(p.table, e, success_of(REQUEST_OTHER, false))) {
		report_succeeded(p.table, (struct outcome){.endpoint = *e, .why = CAUSE_ANSWERED});
		success_note_reported(p.table, e, success_of(REQUEST_OTHER, false));
	}
}

/* What is asked of no other status is not looked up. */
static struct status_rules rules_at(const struct server *p, unsigned status)
{
	if (!status_may_fail(status))
		return (struct status_rules){0};
	return (struct status_rules){setting_at(p->table, &p->e, SET_FAIL_ON),
				     (uint32_t)setting_at(p->table, &p->e, SET_RETRY_AFTER_MAX)};
}

enum status_effect judge_response(const struct server *p, const struct sip_message *m, uint64_t key)
{
	struct tx x;
	if (!shared)
		return STATUS_NOTHING;
	if (!tx_match(&shared->transactions, key, m->method, &p->e, m->status, now_ms(), &x)) {
		tx_early(&shared->transactions, key, m->method, &p->e, m->status, m->retry_after, now_ms());
		return STATUS_NOTHING;
	}
	note_late(&x, m, &p->e);
	if (p->e.transport == TRANSPORT_UDP)
		dialogs_passed(m, false, &x.original, &p->e, now_ms());
	waiting_answered(key, m->method);
	const enum request_kind kind = request_kind(m->method);
	const bool registered = m->method == SIP_REGISTER && m->status / 100 == 2;
	const unsigned what = success_of(kind, registered);
	struct status_proof v = status_proves(m->method, m->status, m->retry_after, ms_since_registered(p),
					      rules_at(p, m->status));
	if (registered && account_refused_lately(p->table))
		account_served(p->table, &p->e, account_of(m));
	if (v.effect == STATUS_SUCCESS && success_reported(p->table, &p->e, what))
		return v.effect;
	endpoint_heard(p->table, p->ref, &p->e, kind, registered);
	if (v.effect == STATUS_SUCCESS && x.within)
		return v.effect;	/* that it serves an old dialog does not say that it takes new ones */
	if (v.effect == STATUS_SUCCESS) {
		/* Of a request that has gone on to another server since it is not known when it was sent: as old as can be. */
		const uint32_t sent = endpoint_same(&x.last, &p->e) ? tick_at(x.since_ms * NS_PER_MS) : 0;
		report_succeeded(p->table, (struct outcome){.endpoint = p->e, .why = CAUSE_ANSWERED, .since = sent ? sent : 1});
		success_note_reported(p->table, &p->e, what);
	} else if (v.effect == STATUS_FAILED && account_refused(p->table, &p->e, account_of(m))) {
		judge_report(p, v.cause, v.cool);
	}
	return v.effect;
}
