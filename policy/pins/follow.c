/* follow.c: see follow.h. */
#include "policy/pins/follow.h"

#include "policy/base/clock.h"
#include "policy/pins/apply.h"
#include "policy/pins/candidates.h"
#include "policy/pins/order.h"
#include "policy/pins/srv.h"
#include "policy/table/effective.h"

enum { ROUNDS = 16 };

/* What the pin becomes by this answer; if it changed meanwhile, once more. */
static void settle(struct table *t, struct name_ref ref, const struct name *n, enum family f, const struct pool *pool)
{
	const struct settings set = settings_for(t, n);
	const struct lookup l = {.name = n};
	struct snapshot_many room;
	struct snapshot sn = snapshot_of_many(&room);
	for (int round = 0; round < ROUNDS; round++) {
		if (!snapshot_read(t, ref, n, f, pool, &l, 0, &sn) || sn.facts.pin < 0)
			return;
		const struct transition tr = decide_lookup(&sn.facts, &set);
		if (tr.action == CAPTURE || snapshot_apply(t, &sn, &tr))
			return;
	}
}

static void take(struct table *t, struct name_ref ref, const struct name *n, enum family f, const struct pool *pool)
{
	candidates_learn(t, ref, pool->addr, pool->n, false, tick_now(), NULL);
	if (pool->srv)
		candidates_publish(t, ref, pool->srv, pool->n);
	settle(t, ref, n, f, pool);
}

static enum admin_status find(const struct table *t, const struct name *n, struct name_ref *ref)
{
	if (!table_find(t, n, ref))
		return ADMIN_NO_NAME;
	return t->writable ? ADMIN_OK : ADMIN_READ_ONLY;
}

/* The answer is whole, so its TTL takes the place of any before; and DNS is not down. */
static void note_answer(struct table *t, struct name_ref ref, unsigned families, uint32_t valid_s)
{
	const uint32_t end = tick_now() / TICKS_PER_S + (valid_s < TTL_MAX_S ? valid_s : TTL_MAX_S);
	put32(&name_cold(t, ref)->ttl_end, ttl_pack(end, families));
	if (get32(&name_hot(t, ref)->dns_down))
		put32(&name_hot(t, ref)->dns_down, 0);
}

/* What servers can have. */
static struct pool pool_of(const struct published *p)
{
	struct pool pool = {.asked = true};
	for (size_t i = 0; i < p->n; i++) {
		if (!address_is_unicast(&p->addrs[i]))
			continue;
		pool.more = pool.n == POOL_MAX;
		if (!pool.more)
			pool.addr[pool.n++] = p->addrs[i];
	}
	return pool;
}

enum admin_status pins_follow(struct table *t, const struct name *n, const struct published published[static FAMILIES],
			     uint32_t valid_s)
{
	struct name_ref ref;
	unsigned families = 0;
	const enum admin_status s = find(t, n, &ref);
	if (s != ADMIN_OK)
		return s;
	for (enum family f = 0; f < FAMILIES; f++) {
		const struct pool pool = pool_of(&published[f]);
		if (published[f].n > 0 && pool.n == 0)	/* 0.0.0.0 of a filter: it says nothing of where the servers are */
			continue;
		families |= 1u << f;
		if (pool.n > 0)
			take(t, ref, n, f, &pool);
		else
			candidates_unsee(t, ref, f, NULL, 0);
	}
	note_answer(t, ref, families, valid_s);
	return ADMIN_OK;
}

enum admin_status pins_follow_service(struct table *t, const struct name *n, const struct srv_record *records,
				     size_t count, uint32_t valid_s)
{
	struct srv_record best[POOL_MAX];
	struct pool pool = {.asked = true, .more = count > POOL_MAX, .srv = best, .n = service_best(records, count, best)};
	struct name_ref ref;
	const enum admin_status s = find(t, n, &ref);
	if (s != ADMIN_OK)
		return s;
	for (size_t i = 0; i < pool.n; i++)
		pool.addr[i] = best[i].target;
	take(t, ref, n, FAMILY_SRV, &pool);
	note_answer(t, ref, 1u << FAMILY_SRV, valid_s);
	return ADMIN_OK;
}

uint32_t pins_unused_s(const struct table *t, struct name_ref ref)
{
	const uint32_t now = tick_now(), used = tick_believed(now, get32(&name_hot(t, ref)->used));
	return used ? tick_since(now, used) / TICKS_PER_S : UINT32_MAX;
}

uint32_t pins_ttl_left_s(const struct table *t, struct name_ref ref)
{
	const uint32_t end = ttl_end_s(get32(&name_cold(t, ref)->ttl_end)), now = tick_now() / TICKS_PER_S;
	return end > now ? end - now : 0;
}
