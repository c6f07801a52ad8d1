/* follow.c: see follow.h. */
#include "tools/pinkeeper/follow.h"

#include "policy/base/clock.h"
#include "policy/table/effective.h"
#include "tools/common/file-stamp.h"
#include "tools/common/refresh.h"
#include "tools/common/resolve.h"
#include "tools/pinkeeper/followed.h"
#include "tools/pinkeeper/pace.h"

#define RESOLV_CONF "/etc/resolv.conf"

enum {
	FOLLOW_TIMEOUT_S = 5,		/* for one question, all tries together */
	FOLLOW_SERVE_S = FOLLOW_TIMEOUT_S,	/* beyond the next question `serve = on` answers, while that is asked */
	FOLLOW_PORT_S = 60,		/* the longest time with one source port: who forges answers has to guess it (RFC 5452) */
	SECOND_MS = 1000,
	TICK_MS = 1000 / TICKS_PER_S,
};

/* How answers came out, for Prometheus. */
enum outcome { ANSWERED, DENIED, UNANSWERED, OUTCOMES };

static struct keeper *keeper;
static struct followed followed;
static struct pace pace;
static struct resolver *resolver;
static struct file_stamp resolv_conf;
static uv_timer_t when_due, each_second;
static uint64_t counted[OUTCOMES];

static void ask_what_is_due(void);

/* ---- answers ---- */

/* The hosts that a service leads to are as much in use as it is, until it is asked for again and as long as it would be idle. */
static void lead(const struct reply *reply, const struct settings *set, uint32_t now, uint32_t next)
{
	const uint64_t idle = set->value[SET_IDLE];
	const uint32_t until = idle == SETTING_OFF ? UINT32_MAX : next + tick_of((uint32_t)idle);
	for (size_t i = 0; i < reply->n; i++)
		followed_lead(&followed, &reply->srv[i].host, now, until);
}

static void take(uint32_t slot, const struct name *name, const struct reply *reply, uint32_t now)
{
	const bool gone = refresh_is_gone(reply);
	const struct settings set = settings_for(&keeper->c.table, name);
	const uint32_t ttl = gone ? FOLLOW_DENIED_S : refresh_ttl(reply), after = schedule_after_answer(ttl, followed_dice(&followed));
	const bool serves = set.value[SET_SERVE] && ttl >= FOLLOW_LEAST_S;
	refresh_follow(&keeper->c.table, name, reply, serves ? after / TICKS_PER_S + 1 + FOLLOW_SERVE_S : ttl);
	schedule_put(&followed.schedule, slot, now + after);
	if (name_is_service(name))
		lead(&reply[FAMILY_SRV], &set, now, now + after);
	counted[gone ? DENIED : ANSWERED]++;
}

static void on_resolved(void *arg, size_t id, const struct reply *reply)
{
	const uint32_t now = tick_now(), slot = (uint32_t)id;
	const char *failure = refresh_failure(reply);
	struct followed_name *n = &followed.names[slot];
	struct name name;
	(void)arg;
	n->unanswered = (uint8_t)(!failure ? 0 : n->unanswered < UINT8_MAX ? n->unanswered + 1 : UINT8_MAX);
	counted[UNANSWERED] += failure != NULL;
	if (failure && pace_unanswered(&pace, now, followed_dice(&followed)))
		note(&keeper->c, "DNS is down: %s: names stay as they are", failure);
	if (!failure && pace_answered(&pace, now))
		note(&keeper->c, "DNS answers again");
	if (followed_answered(&followed, slot, &name, now)) {
		if (failure)
			schedule_put(&followed.schedule, slot, now + schedule_after_failure(n->unanswered, followed_dice(&followed)));
		else
			take(slot, &name, reply, now);
	}
	ask_what_is_due();
}

/* ---- questions ---- */

static uint32_t in_flight(void) { return keeper->conf.queries - (uint32_t)resolver_room(resolver); }

static void on_due(uv_timer_t *timer)
{
	(void)timer;
	ask_what_is_due();
}

static void come_again(uint32_t ticks)
{
	uv_update_time(keeper->loop);
	uv_timer_start(&when_due, on_due, (uint64_t)ticks * TICK_MS + 1, 0);
}

/* Each answer leads here, too: what finds no room waits for one. */
static void ask_what_is_due(void)
{
	const uint32_t now = tick_now();
	uint32_t slot, due;
	while (followed_next(&followed, &slot, &due) && resolver_room(resolver) > 0) {
		struct name name;
		if (due > now) {
			come_again(due - now);
			return;
		}
		if (!pace_allows(&pace, now, in_flight())) {
			come_again(pace_wait(&pace, now));
			return;
		}
		if (followed_ask(&followed, slot, &name, now))
			resolver_ask(resolver, name.text, slot);
	}
}

/* ---- what changes beside DNS ---- */

static void on_second(uv_timer_t *timer)
{
	static unsigned seconds;
	(void)timer;
	hosts_update(&followed.hosts);
	if (file_changed(RESOLV_CONF, &resolv_conf)) {
		if (resolver_renew(resolver))
			pace_renew(&pace, tick_now());
	} else if (++seconds % FOLLOW_PORT_S == 0) {
		resolver_renew(resolver);
	}
	if (!followed.table)
		return;
	followed_walk(&followed, tick_now());
	ask_what_is_due();
}

static void event(struct keeper *k, const struct event *e)
{
	(void)k;
	if (!followed.table || (e->kind != EVENT_PINNED && e->kind != EVENT_SET))
		return;
	followed_meet(&followed, e->name, tick_now());
	ask_what_is_due();
}

static void lost(struct keeper *k, uint64_t n)
{
	(void)k, (void)n;
	followed.walked = false;
}

/* ---- begin and end ---- */

static bool start(struct keeper *k)
{
	const struct resolve_options o = {.timeout_ms = FOLLOW_TIMEOUT_S * 1000, .window = k->conf.queries, .done = on_resolved};
	keeper = k;
	hosts_update(&followed.hosts);
	file_changed(RESOLV_CONF, &resolv_conf);
	const char *trouble = resolver_make(k->loop, &o, &resolver);
	if (!trouble && uv_timer_init(k->loop, &when_due) == 0 && uv_timer_init(k->loop, &each_second) == 0 &&
	    uv_timer_start(&each_second, on_second, SECOND_MS, SECOND_MS) == 0)
		return true;
	return complain(&k->c, "follow: %s", trouble ? trouble : "the loop has no room"), false;
}

static void attached(struct keeper *k)
{
	if (!k->c.table.writable)
		return;
	if (!followed_open(&followed, &k->c.table)) {
		complain(&k->c, "follow: out of memory for a table of %u names", (unsigned)k->c.table.names_capacity);
		followed_close(&followed);
		return;
	}
	pace_begin(&pace, tick_now());
	followed_walk(&followed, tick_now());
	ask_what_is_due();
}

static void detached(struct keeper *k)
{
	(void)k;
	uv_timer_stop(&when_due);
	resolver_forget(resolver);
	followed_close(&followed);
}

static void expose(struct keeper *k, struct exposition *x)
{
	static const char *const texts[] = {[ANSWERED] = "answered", [DENIED] = "denied", [UNANSWERED] = "unanswered"};
	(void)k;
	expose_metric(x, METRIC_GAUGE, "pinkeeper_follow_names", "Names that DNS is asked for as their TTLs run out.");
	expose_sample(x, followed.schedule.n + in_flight(), NULL);
	expose_metric(x, METRIC_GAUGE, "pinkeeper_follow_dns_up", "0: DNS gives no answer.");
	expose_sample(x, pace.pause == 0, NULL);
	expose_metric(x, METRIC_COUNTER, "pinkeeper_follow_answers_total",
		      "Names that DNS was asked for: it had an answer, denied them, or gave none.");
	for (size_t i = 0; i < OUTCOMES; i++)
		expose_sample(x, (double)counted[i], "outcome", texts[i], NULL);
}

static void stop(struct keeper *k)
{
	(void)k;
	resolver_free(resolver);
	hosts_free(&followed.hosts);
	uv_close((uv_handle_t *)&when_due, NULL);
	uv_close((uv_handle_t *)&each_second, NULL);
}

const struct duty follow_duty = {
	.name = "follow",
	.start = start,
	.attached = attached,
	.detached = detached,
	.event = event,
	.lost = lost,
	.expose = expose,
	.stop = stop,
};
