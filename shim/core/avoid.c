/* avoid.c: see avoid.h. */
#include "shim/core/avoid.h"

#include "policy/base/clock.h"
#include "policy/base/record.h"
#include "policy/pins/sip-health.h"

/* The words of a record: check, endpoint (3), what 32 | tick 32. One for each endpoint and kind, by their hash. */
enum { WHO = 1, WHAT = WHO + ENDPOINT_WORDS, WORDS };

static struct { word64 word[WORDS]; } records[AVOID_MAX];
static word32 any;			/* tick of the latest; 0: there never was one */

static bool is_recent(void)
{
	const uint32_t latest = get32(&any);
	return latest && tick_within(tick_now(), latest, PATH_S);
}

static word64 *record_of(const struct endpoint *e, unsigned what)
{
	return records[hash_slot(endpoint_key(e, what), AVOID_MAX)].word;
}

void avoid_note(const struct endpoint *e, unsigned what)
{
	uint64_t raw[WORDS];
	const uint32_t now = tick_now();
	endpoint_put(raw + WHO, e);
	raw[WHAT] = (uint64_t)what << 32 | now;
	record_store(record_of(e, what), raw, WORDS);
	put32(&any, now);
}

/* False: there is none, or it is over. */
static bool load(const word64 *w, struct endpoint *e, unsigned *what, uint32_t *then)
{
	uint64_t raw[WORDS];
	if (!record_load(w, raw, WORDS) || !tick_within(tick_now(), (uint32_t)raw[WHAT], PATH_S))
		return false;
	endpoint_get(raw + WHO, e);
	*what = (unsigned)(raw[WHAT] >> 32);
	*then = (uint32_t)raw[WHAT];
	return true;
}

void avoid_connected(const struct endpoint *e)
{
	struct endpoint of;
	unsigned what;
	uint32_t then;
	word64 *w = is_recent() ? record_of(e, AVOIDED_CONNECT) : NULL;
	if (w && load(w, &of, &what, &then) && what == AVOIDED_CONNECT && endpoint_same(&of, e))
		put64(&w[0], 0);
}

/* Has it answered since, whomever? */
static bool is_void(const struct table *t, const struct endpoint *e, unsigned what, uint32_t then)
{
	const addr_ref ref = what == AVOIDED_CONNECT ? 0 : addr_find(t, &e->addr);
	return ref && endpoint_heard_age(t, ref, e, (enum request_kind)(what - AVOIDED_REQUEST)) <= tick_since(tick_now(), then);
}

bool avoid_now(const struct table *t, const struct endpoint *e)
{
	struct endpoint of;
	unsigned what;
	uint32_t then;
	for (unsigned i = AVOIDED_CONNECT; is_recent() && i < AVOIDED_REQUEST + REQUEST_KINDS; i++)
		if (load(record_of(e, i), &of, &what, &then) && what == i && endpoint_same(&of, e) &&
		    !is_void(t, e, what, then))
			return true;
	return false;
}

size_t avoid_list(const struct table *t, struct aside out[static AVOID_MAX])
{
	struct endpoint e;
	unsigned what;
	uint32_t then;
	size_t n = 0;
	for (size_t i = 0; is_recent() && i < AVOID_MAX; i++)
		if (load(records[i].word, &e, &what, &then) && !is_void(t, &e, what, then))
			out[n++] = (struct aside){.addr = e.addr};
	return n;
}
