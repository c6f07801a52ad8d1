/* resolve: what getaddrinfo costs with a pin, by the size of the pool. See both.h. */
#include "policy/base/clock.h"
#include "policy/pins/order.h"
#include "policy/table/effective.h"
#include "tests/bench/both.h"

static uint64_t run_lookup(void *arg, enum way way, size_t n)
{
	const struct query *q = arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		freeaddrinfo(resolve(way, q));
	return bench_ns() - start;
}

/* An address as text: libc makes the answer itself, and no pin is asked. */
static void bench_numeric(void)
{
	struct query q = {"127.0.1.1", 1};
	measure(&(struct row){"getaddrinfo, a numeric name", BOUND_NS, 10, run_lookup, &q, 0, 0});
}

static void bench_lookups(void)
{
	static const struct {
		struct query query;
		const char *what;
		enum bound bound;
	} rows[] = {
		{{"pool3.bench.test", 3}, "getaddrinfo with a pin, pool of 3", BOUND_NS},
		{{"pool1.bench.test", 1}, "getaddrinfo with a pin, pool of 1", BOUND_NONE},
		{{"pool16.bench.test", 16}, "getaddrinfo with a pin, pool of 16", BOUND_NONE},
		{{"pool40.bench.test", 40}, "getaddrinfo with a pin, pool of 40", BOUND_NONE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct query q = rows[i].query;
		pin_name(&q);
		measure(&(struct row){rows[i].what, rows[i].bound, 1000, run_lookup, &q, 0, 0});
	}
}

/* With a full stickydns.conf, of which one pattern holds. */
static void bench_patterns(void)
{
	static struct settings_block none, hosts[SETTINGS_HOSTS];
	struct query q = {"pool3.bench.test", 3};
	for (size_t i = 0; i < SETTINGS_HOSTS; i++) {
		hosts[i].given = 1u << SET_STICKY;
		hosts[i].set.value[SET_STICKY] = 1;
		snprintf(hosts[i].pattern, sizeof hosts[i].pattern, "*.site%zu.%s", i, i ? "example.org" : "bench.test");
	}
	if (!settings_store(&table, &none, hosts, SETTINGS_HOSTS, NULL))
		broken("settings do not fit");
	measure(&(struct row){"getaddrinfo with a pin, 512 host blocks", BOUND_NONE, 0, run_lookup, &q, 0, 0});
	if (!settings_store(&table, &none, hosts, 0, NULL))
		broken("settings cannot be taken back");
}

/* Is the whole pool there though the stub has one address? */
static bool served(const struct query *q)
{
	struct addrinfo *list = resolve(OURS, &(struct query){q->name, 1});
	int n = 0;
	for (struct addrinfo *a = list; a; a = a->ai_next)
		n++;
	freeaddrinfo(list);
	return n == q->pool;
}

/* A TTL runs, as after `pinctl refresh`, but nothing is served: DNS is asked, and the name's settings are read once all the same. */
static void bench_refreshed(void)
{
	struct query q = {"pool3.bench.test", 3};
	struct name name;
	struct name_ref ref;
	pin_name(&q);
	if (name_canonical(q.name, &name) != NAME_OK || !table_find(&table, &name, &ref))
		broken("%s has no pin", q.name);
	ttl_note(&table, ref, FAMILY_V4, (size_t)q.pool, 3600);
	measure(&(struct row){"getaddrinfo with a pin, refreshed, pool of 3", BOUND_NS, 500, run_lookup, &q, 0, 0});
	ttl_note(&table, ref, FAMILY_V4, (size_t)q.pool, 0);
}

/* Answers come from the table, so that libc is not asked: beside the canned answer this may well be less. */
static void bench_serve(void)
{
	static const struct settings_block none;
	static const struct settings_block serve = {.pattern = "*", .given = 1u << SET_SERVE, .set.value[SET_SERVE] = 1};
	static const struct query rows[] = {{"pool3.bench.test", 3}, {"pool16.bench.test", 16}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct query q = rows[i];
		struct name name;
		struct name_ref ref;
		char what[64];
		pin_name(&q);
		if (name_canonical(q.name, &name) != NAME_OK || !table_find(&table, &name, &ref) ||
		    !settings_store(&table, &none, &serve, 1, NULL))
			broken("%s cannot be served", q.name);
		ttl_note(&table, ref, FAMILY_V4, (size_t)q.pool, 3600);
		ttl_note(&table, ref, FAMILY_V6, 0, 3600);
		if (!served(&q))
			broken("%s is not served", q.name);
		snprintf(what, sizeof what, "getaddrinfo, serve = on, pool of %d", q.pool);
		measure(&(struct row){what, BOUND_NS, 500, run_lookup, &q, 0, 0});
		if (!settings_store(&table, &none, &serve, 0, NULL))
			broken("settings cannot be taken back");
	}
}

int main(void)
{
	count_batch = 3 * 16;		/* each pool's addresses in each of their orders */
	begin();
	bench_numeric();
	bench_lookups();
	bench_patterns();
	bench_refreshed();
	bench_serve();
	return 0;
}
