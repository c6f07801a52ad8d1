/*
 * probe: what a USDT probe costs that nobody looks at.
 *
 * The shim's own object (shim/core/probes.c), called as the shim calls it. The arguments
 * pass through an empty asm in both ways, so that the compiler keeps the loop and
 * knows nothing of what the probe would be given.
 */
#include "policy/table/journal.h"
#include "shim/core/probes.h"
#include "tests/bench/measure.h"

struct given {
	struct lookup lookup;
	struct pool pool;
	struct event event;
	struct endpoint asked, pin;
};

/* The compiler must take it that the argument was read and written. */
static inline void *through(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static uint64_t run_hit(void *arg, enum way way, size_t n)
{
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		const struct given *g = through(arg);
		if (way == OURS)
			probe_pin_hit(NULL, &g->lookup, &g->pool);
	}
	return bench_ns() - start;
}

static uint64_t run_steer(void *arg, enum way way, size_t n)
{
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		const struct given *g = through(arg);
		if (way == OURS)
			probe_steer(&g->asked, &g->pin);
	}
	return bench_ns() - start;
}

int main(void)
{
	static struct given given;
	if (!STICKYDNS_PROBES)
		broken("sys/sdt.h is missing: there is no probe to measure");
	if (pin_hit_watched() || steer_watched())
		broken("somebody looks at the probes");
	measure(&(struct row){"probe pin_hit, nobody looks", BOUND_NS, 1, run_hit, &given, 0, 0});
	measure(&(struct row){"probe steer, nobody looks", BOUND_NS, 1, run_steer, &given, 0, 0});
	return 0;
}
