/*
 * measure.h: what the bench programs share: pairs, medians, and a row.
 *
 * A row compares one way of doing something, bare, with another, ours. Both are
 * measured in turn within one run, the order swapped from pair to pair, so that
 * what else the machine does meets both alike. A sample is a batch long enough
 * for the clock's own cost to vanish. The medians are over the pairs' differences
 * and quotients, not over each side by itself.
 *
 * A row is printed as one line of fields between tabs, which run.sh lays out.
 *
 * Under callgrind (run.sh --counts) both ways are counted instead: instructions and
 * system calls, which the machine's noise does not change. Nothing is printed then;
 * callgrind writes a dump for each count, labelled for counts.awk.
 * Nothing here ends a program because of a time; `broken` ends it where what is to
 * be measured does not do what it should.
 */
#ifndef STICKYDNS_BENCH_MEASURE_H
#define STICKYDNS_BENCH_MEASURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(label)
#endif

enum way { BARE, OURS, WAYS };

/* Does the thing n times this way; returns the nanoseconds it took. */
typedef uint64_t batch_fn(void *arg, enum way way, size_t n);

/* What a row may cost: so many nanoseconds more, so many percent more, or nothing is said. */
enum bound { BOUND_NONE, BOUND_NS, BOUND_PERCENT };

struct row {
	const char *what;
	enum bound bound;
	double limit;
	batch_fn *run;
	void *arg;
	size_t batch;			/* 0: found out, so that a sample takes about SAMPLE_NS */
	size_t pairs;			/* 0: PAIRS */
};

enum { PAIRS = 1001, PAIRS_MAX = 4001, SAMPLE_NS = 30000, BATCH_MAX = 1 << 20 };

static inline uint64_t bench_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Something does not do what is to be measured. */
__attribute__((format(printf, 1, 2), noreturn, cold)) static inline void broken(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static inline int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Sorts the values. */
static inline double median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Operations a sample. Warms both sides up on the way. */
static inline size_t batch_for(const struct row *r)
{
	size_t n = 1;
	if (r->batch) {
		r->run(r->arg, BARE, r->batch);
		r->run(r->arg, OURS, r->batch);
		return r->batch;
	}
	while (n < BATCH_MAX && r->run(r->arg, BARE, n) + r->run(r->arg, OURS, n) < 2 * SAMPLE_NS)
		n *= 2;
	return n;
}

static inline void print_row(const struct row *r, size_t pairs, double bare, double ours, double more, double ratio)
{
	static const char *const units[] = {[BOUND_NONE] = "-", [BOUND_NS] = "ns", [BOUND_PERCENT] = "%"};
	double measured = r->bound == BOUND_PERCENT ? (ratio - 1) * 100 : more;
	const char *verdict = r->bound == BOUND_NONE ? "-" : measured <= r->limit ? "ok" : "over";
	printf("%s\t%.1f\t%.1f\t%.1f\t%.4f\t%zu\t%g\t%s\t%s\n", r->what, bare, ours, more, ratio, pairs, r->limit,
	       units[r->bound], verdict);
	fflush(stdout);
}

enum { COUNTS = 6 };
static size_t count_batch = 1;		/* so many operations a count */

/* Each count is a dump of its own: the least is what the thing takes when nothing else is due. */
static inline void count_row(const struct row *r)
{
	char label[128];
	for (int i = 0; i < COUNTS * WAYS; i++) {
		const enum way way = i % WAYS ? OURS : BARE;
		snprintf(label, sizeof label, "count\t%s\t%zu\t%s", r->what, count_batch, way == BARE ? "bare" : "shim");
		r->run(r->arg, way, count_batch);	/* what is due after so long is done now */
		CALLGRIND_ZERO_STATS;
		r->run(r->arg, way, count_batch);
		CALLGRIND_DUMP_STATS_AT(label);
	}
}

/* Measures a row and prints it. */
static inline void measure(const struct row *r)
{
	if (RUNNING_ON_VALGRIND) {
		count_row(r);
		return;
	}
	static double bare[PAIRS_MAX], ours[PAIRS_MAX], more[PAIRS_MAX], ratio[PAIRS_MAX];
	const size_t pairs = r->pairs ? r->pairs : PAIRS, n = batch_for(r);
	for (size_t i = 0; i < pairs; i++) {
		uint64_t ns[WAYS];
		enum way first = i % 2 ? OURS : BARE, second = i % 2 ? BARE : OURS;
		ns[first] = r->run(r->arg, first, n);
		ns[second] = r->run(r->arg, second, n);
		bare[i] = (double)ns[BARE] / (double)n;
		ours[i] = (double)ns[OURS] / (double)n;
		more[i] = ours[i] - bare[i];
		ratio[i] = ours[i] / bare[i];
	}
	print_row(r, pairs, median(bare, pairs), median(ours, pairs), median(more, pairs), median(ratio, pairs));
}

#endif
