/* waiting.c: see waiting.h. */
#include "shim/core/waiting.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "policy/base/clock.h"
#include "policy/base/record.h"
#include "policy/pins/health.h"
#include "policy/pins/sip-health.h"
#include "policy/rules/sip-evidence.h"
#include "shim/core/avoid.h"
#include "shim/core/libc.h"
#include "shim/core/report.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/socket.h"

/* The words of an entry, a record (record.h): check, key, Call-ID, first and last send (ms), pid | fd, method, endpoint (3). */
enum { KEY = 1, CALL_ID, FIRST, LAST, OWNER, METHOD, TO, WORDS = TO + ENDPOINT_WORDS };
enum { NOTED = 256 };
enum { ENTRIES = 64, WAYS = 2, SETS = ENTRIES / WAYS };
enum { T2_MS = 4000, OVER_MS = 64 * SIP_T1_MS, SWEEP_MS = 125 };	/* RFC 3261 17.1.2.2 */

word32 waiting_any, waiting_noted;

static struct { word64 word[WORDS]; } entries[SETS][WAYS];
static word64 swept;			/* when, in ms */

struct entry {
	uint64_t key, call_id;		/* of TLS: the number of the socket, and 0 */
	uint64_t first_ms, last_ms;
	struct endpoint to;
	pid_t pid;
	int fd;
	uint8_t method;			/* enum sip_method; SIP_NONE: what cannot be read */
	bool noted;			/* in the table, for when this process is killed */
};

/* ---- entries ---- */

static uint32_t tick_of_ms(uint64_t ms) { return tick_at(ms * NS_PER_MS); }

static void store(word64 *w, const struct entry *e)
{
	uint64_t raw[WORDS];
	raw[KEY] = e->key;
	raw[CALL_ID] = e->call_id;
	raw[FIRST] = e->first_ms;
	raw[LAST] = e->last_ms;
	raw[OWNER] = (uint64_t)(uint32_t)e->pid << 32 | (uint32_t)e->fd;
	raw[METHOD] = e->method | (e->noted ? NOTED : 0u);
	endpoint_put(raw + TO, &e->to);
	record_store(w, raw, WORDS);
}

static bool load(const word64 *w, struct entry *e)
{
	uint64_t raw[WORDS];
	if (!get64(&w[0]) || !record_load(w, raw, WORDS))
		return false;
	e->key = raw[KEY];
	e->call_id = raw[CALL_ID];
	e->first_ms = raw[FIRST];
	e->last_ms = raw[LAST];
	e->pid = (pid_t)(raw[OWNER] >> 32);
	e->fd = (int)(uint32_t)raw[OWNER];
	e->method = (uint8_t)raw[METHOD];
	e->noted = (raw[METHOD] & NOTED) != 0;
	endpoint_get(raw + TO, &e->to);
	return true;
}

/* For the case that this process is killed while it waits (endpoint_pending). */
static void note(struct entry *e)
{
	struct table *t = session_table_here();
	const addr_ref ref = t && !e->noted ? addr_find(t, &e->to.addr) : 0;
	if (!ref)
		return;
	endpoint_pending(t, ref, &e->to, (struct pending){.since = tick_of_ms(e->first_ms), .pid = (uint32_t)e->pid,
						      .what = (uint8_t)(PENDING_REQUEST + request_kind(e->method))});
	e->noted = true;
	add32(&waiting_noted, 1);
}

static void drop(word64 *w, struct entry *e)
{
	struct table *t = e->noted ? session_table_here() : NULL;
	put64(&w[0], 0);
	if (e->noted)
		add32(&waiting_noted, UINT32_MAX);
	if (t)
		endpoint_pending_over(t, addr_find(t, &e->to.addr), &e->to, (uint32_t)e->pid, false);
	e->noted = false;
}

static word64 *find(uint64_t key, enum sip_method method, struct entry *e)
{
	for (int i = 0; i < WAYS; i++) {
		word64 *w = entries[hash_slot(key, SETS)][i].word;
		if (get64(&w[KEY]) == key && load(w, e) && e->key == key && e->method == method && e->pid == session_pid())
			return w;
	}
	return NULL;
}

/* Free, or of the latest: who waits longest proves most. */
static word64 *place_for(uint64_t key)
{
	word64 *best = entries[hash_slot(key, SETS)][0].word;
	for (int i = 0; i < WAYS; i++) {
		word64 *w = entries[hash_slot(key, SETS)][i].word;
		if (!get64(&w[0]))
			return w;
		if (get64(&w[FIRST]) > get64(&best[FIRST]))
			best = w;
	}
	return best;
}

/* ---- in vain ---- */

static enum request_kind kind_of(const struct entry *e) { return request_kind(e->method); }

/* Does it still wait, as far as all processes of this program know? */
static bool is_unanswered(const struct entry *e, uint64_t now_ms)
{
	struct tx x;
	if (e->method == SIP_NONE)
		return true;
	return shared && tx_find(&shared->transactions, e->key, e->method, now_ms, &x) && !x.answered && !x.finished;
}

static word32 *passed_over(const struct endpoint *e)
{
	return &shared->unread[hash_slot(endpoint_key(e, 0), UNREAD_ANSWERS)];
}

void waiting_unread(const struct endpoint *e)
{
	word32 *w = passed_over(e);
	const uint32_t now = tick_now();
	if (get32(w) != now)
		put32(w, now);
}

/* Was an answer from there not read since? It may have been this one's. */
static bool may_be_answered(const struct entry *e, uint32_t since)
{
	return e->to.transport == TRANSPORT_UDP && shared && get32(passed_over(&e->to)) >= since;
}

/* What nobody listens to any more: over UDP it would have been sent again by then. */
static uint64_t patience_end(const struct entry *e)
{
	return e->to.transport == TRANSPORT_UDP ? e->last_ms + T2_MS : e->first_ms + OVER_MS;
}

/* It was given up; `closed`: by the server. The entry is off the memory. */
static void in_vain(const struct entry *e, uint64_t now_ms, bool closed)
{
	struct table *t = session_table_here();
	const uint64_t end = patience_end(e) < now_ms ? patience_end(e) : now_ms;
	const struct vain_wait w = {.kind = kind_of(e), .since = tick_of_ms(e->first_ms), .until = tick_of_ms(end), .closed = closed};
	if (!t || !is_unanswered(e, now_ms) || may_be_answered(e, w.since) || (!closed && tick_since(w.until, w.since) < WAIT_LEAST_TICKS))
		return;
	avoid_note(&e->to, avoided_request(w.kind));
	const struct outcome o = {.endpoint = e->to};
	if (endpoint_waited(t, &o.endpoint, &w))
		report_failed(t, o, closed ? CAUSE_CLOSED : CAUSE_UNANSWERED);
}

/* Over UDP: is it past the time of its next send (17.1.1.2, 17.1.2.2), by T1? */
static bool is_left(const struct entry *e, uint64_t now_ms)
{
	const uint64_t next = e->last_ms - e->first_ms + SIP_T1_MS;
	if (e->to.transport != TRANSPORT_UDP)
		return now_ms >= patience_end(e);
	return now_ms > e->last_ms + SIP_T1_MS + (next < T2_MS || e->method == SIP_INVITE ? next : T2_MS);
}

/* ---- looking after them ---- */

/* `call_id`: of a request that goes to `to` now; 0: none. */
static void sweep(uint64_t call_id, const struct endpoint *to, uint64_t now_ms)
{
	struct entry e;
	for (int i = 0; i < ENTRIES; i++) {
		word64 *w = entries[i / WAYS][i % WAYS].word;
		if (!load(w, &e) || e.pid != session_pid())
			continue;
		if (!is_left(&e, now_ms) && !(call_id && e.call_id == call_id && !endpoint_same(&e.to, to)))
			continue;
		drop(w, &e);
		in_vain(&e, now_ms, false);
	}
}

void waiting_sweep(void)
{
	if (get32(&waiting_any))
		sweep(0, NULL, now_ms());
}

static bool sweep_is_due(uint64_t now_ms)
{
	if (now_ms - get64(&swept) < SWEEP_MS)
		return false;
	put64(&swept, now_ms);
	return true;
}

/* Over UDP it is noted when it is sent again: most never are. */
static void add(struct entry *e)
{
	struct entry other;
	word64 *w = place_for(e->key);
	if (load(w, &other) && other.pid == session_pid())	/* a parent's note in the table is the parent's */
		drop(w, &other);
	if (e->to.transport == TRANSPORT_TCP)
		note(e);
	store(w, e);
	if (!get32(&waiting_any))
		put32(&waiting_any, 1);
}

void waiting_sent(int fd, const struct sip_message *m, uint64_t key, const struct endpoint *to, uint64_t now_ms)
{
	struct entry e;
	word64 *w = key && m->to == SIP_TO_BARE ? find(key, m->method, &e) : NULL;
	if (m->to != SIP_TO_BARE || !key || m->method == SIP_ACK || m->method == SIP_CANCEL)
		return;
	if (w && endpoint_same(&e.to, to)) {
		e.last_ms = now_ms;
		note(&e);
		store(w, &e);
		return;
	}
	if (w) {
		drop(w, &e);
		in_vain(&e, now_ms, false);
	}
	if (get32(&waiting_any) && sweep_is_due(now_ms))
		sweep(m->call_id, to, now_ms);
	add(&(struct entry){.key = key, .call_id = m->call_id, .first_ms = now_ms, .last_ms = now_ms, .to = *to,
			    .pid = session_pid(), .fd = fd, .method = m->method});
}

void waiting_answered(uint64_t key, enum sip_method method)
{
	struct entry e;
	word64 *w = get32(&waiting_any) ? find(key, method, &e) : NULL;
	if (w)
		drop(w, &e);
}

/* ---- connections ---- */

void waiting_opaque(int fd, const struct endpoint *to)
{
	struct table *t = session_table_here();
	const uint64_t now = now_ms();
	if (!t || !endpoint_speaks_sip(t, addr_find(t, &to->addr), to))
		return;
	add(&(struct entry){.key = endpoint_key(to, (uint64_t)fd << 32 | (uint32_t)session_pid()), .first_ms = now,
			    .last_ms = now, .to = *to, .pid = session_pid(), .fd = fd, .method = SIP_NONE});
}

/* The next entry of fd from *i on; NULL: there are no more. */
static word64 *next_of(int fd, int *i, struct entry *e)
{
	while (*i < ENTRIES) {
		word64 *w = entries[*i / WAYS][*i % WAYS].word;
		++*i;
		if ((int)(uint32_t)get64(&w[OWNER]) == fd && load(w, e) && e->fd == fd && e->pid == session_pid())
			return w;
	}
	return NULL;
}

void waiting_spoken(int fd)
{
	struct entry e;
	int i = 0;
	for (word64 *w; get32(&waiting_any) && (w = next_of(fd, &i, &e));)
		if (e.method == SIP_NONE)
			drop(w, &e);
}

/* Did no byte ever come (TCP_INFO, tcp(7))? The end of the stream counts as one. */
static bool is_mute(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof *info;
	return real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0 && info->tcpi_bytes_received <= 1;
}

void waiting_ended(int fd, const struct endpoint *to, bool sending)
{
	struct tcp_info info = {0};
	const uint64_t now = now_ms();
	struct table *t = session_table_here();
	struct entry e;
	bool any = false;
	int i = 0;
	if (!is_mute(fd, &info))
		return;
	for (word64 *w; get32(&waiting_any) && (w = next_of(fd, &i, &e)); any = true) {
		drop(w, &e);
		in_vain(&e, now, true);
	}
	if (sending && !any && t && endpoint_speaks_sip(t, addr_find(t, &to->addr), to))
		in_vain(&(struct entry){.first_ms = now, .last_ms = now, .to = *to, .fd = fd, .method = SIP_NONE}, now, true);
}

/* Has the server closed it, without a byte, and the program has not read that? */
static bool is_ended(int fd)
{
	enum { CLOSE = 7, CLOSE_WAIT = 8 };	/* tcp(7) */
	struct tcp_info info = {0};
	return is_mute(fd, &info) && (info.tcpi_state == CLOSE || info.tcpi_state == CLOSE_WAIT);
}

void waiting_closed(int fd)
{
	const int saved = errno;
	const uint64_t now = now_ms();
	struct entry e;
	int i = 0;
	for (word64 *w; (w = next_of(fd, &i, &e));) {
		drop(w, &e);
		in_vain(&e, now, e.to.transport == TRANSPORT_TCP && is_ended(fd));
	}
	errno = saved;
}

void waiting_end(void)
{
	const uint64_t now = now_ms();
	struct entry e;
	for (int i = 0; get32(&waiting_any) && i < ENTRIES; i++) {
		word64 *w = entries[i / WAYS][i % WAYS].word;
		if (!load(w, &e) || e.pid != session_pid())
			continue;
		drop(w, &e);
		in_vain(&e, now, false);
	}
}
