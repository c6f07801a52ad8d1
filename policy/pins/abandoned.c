/* abandoned.c: see abandoned.h. */
#include "policy/pins/abandoned.h"

#include "policy/base/clock.h"
#include "policy/pins/health.h"
#include "policy/pins/report.h"
#include "policy/pins/sip-health.h"

/* A request whose process is gone has waited in vain, nobody knows for how long: it counts for so long at most. */
enum { ABANDONED_S = 3 };

static bool request_failed(struct table *t, struct outcome *o, struct pending p, uint32_t now)
{
	const uint32_t most = p.since + tick_of(ABANDONED_S);
	const struct vain_wait w = {.kind = (enum request_kind)(p.what - PENDING_REQUEST), .since = p.since,
			       .until = now < most ? now : most};
	o->why = CAUSE_UNANSWERED;
	return endpoint_waited(t, &o->endpoint, &w) && pins_report(t, o);
}

/*
 * A connect that is `connect-timeout` old with no success since, and whose process is gone, failed:
 * the process was ended while it waited. One that is gone sooner has learnt nothing.
 * Whoever takes the note reports, unless a failure since, maybe that very one
 * (pinwatch), was reported already.
 */
static bool connect_failed(struct table *t, const struct endpoint_record *e, struct outcome *o, struct pending p, uint32_t now)
{
	o->why = CAUSE_ABANDONED;
	return connect_waits_long(t, &o->endpoint, tick_since(now, p.since)) && get32(&e->succeeded) < p.since &&
	       get32(&e->failed) < p.since && pins_report(t, o);
}

static bool lives(const struct table *t, uint32_t pid) { return t->lives ? t->lives(pid) : store_process_lives(pid); }

/* Is the note old enough to tell of a failure? */
static bool is_ripe(const struct table *t, const struct endpoint *e, struct pending p, uint32_t now)
{
	const uint32_t age = tick_since(now, p.since);
	return p.what == PENDING_CONNECT ? connect_waits_long(t, e, age) : age >= tick_of(ABANDONED_S);
}

/* Takes the notes of dead processes from one address record: all, or those that are ripe. True: something failed. */
static bool report_pending(struct table *t, struct addr_record *a, const struct address *addr, bool ripe, uint32_t now)
{
	bool failed = false;
	for (unsigned k = 0; k < ENDPOINTS; k++) {
		struct endpoint_record *e = &a->endpoints[k];
		uint64_t word = get64(&e->pending);
		struct pending p = pending_unpack(word);
		struct health h = health_unpack(get64(&e->health));
		struct outcome o = {.endpoint = {*addr, h.port, h.transport}, .kind = OUTCOME_FAILED, .reach = REACH_SHIM};
		if (p.since == 0 || p.space != t->space || p.pid == store_pid(t) || (ripe && !is_ripe(t, &o.endpoint, p, now)) ||
		    lives(t, p.pid) || !cas64(&e->pending, word, 0))
			continue;
		failed |= p.what == PENDING_CONNECT ? connect_failed(t, e, &o, p, now) : request_failed(t, &o, p, now);
	}
	return failed;
}

bool abandoned_report(struct table *t, const struct snapshot *sn)
{
	bool failed = false;
	for (size_t i = 0; t->writable && i < sn->facts.n; i++) {
		struct addr_record *a = addr_at(t, sn->refs[i].ref);
		failed |= a && report_pending(t, a, &sn->refs[i].addr, false, sn->facts.now);
	}
	return failed;
}

bool abandoned_reap(struct table *t, uint32_t *cursor, unsigned records)
{
	struct address addr;
	if (!t->writable)
		return false;
	for (unsigned i = 0; i < records; i++) {
		if (!addr_next(t, cursor, &addr)) {
			*cursor = 0;
			return false;
		}
		report_pending(t, &t->addrs[*cursor - 1], &addr, true, tick_now());
	}
	return true;
}
