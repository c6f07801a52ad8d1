/* resolve: what getaddrinfo costs with a pin, by the size of the pool. See both.h. */
#include "policy/base/clock.h"
#include "tests/bench/both.h"

static uint64_t run_lookup(void *arg, enum way way, size_t n)
{
	const struct query *q = arg;
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++)
		freeaddrinfo(resolve(way, q));
	return now_ns() - start;
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

int main(void)
{
	begin();
	bench_lookups();
	bench_patterns();
	return 0;
}
