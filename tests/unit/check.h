/*
 * check.h: what the test programs are made of.
 *
 * A row is one test. check_row() opens it, comparisons judge it, and the next row
 * or check_done() closes it. A comparison that fails prints the row, what was
 * compared, what was expected and what was seen. main() ends with
 * `return check_done();`, which prints the closing line. For one thread.
 */
#ifndef STICKYDNS_CHECK_H
#define STICKYDNS_CHECK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct check_state {
	unsigned passed, failed;
	bool open, bad;
	char row[256];
} check_now;

static inline void check_close(void)
{
	if (check_now.open)
		*(check_now.bad ? &check_now.failed : &check_now.passed) += 1;
	check_now.open = check_now.bad = false;
}

/* Opens the next row. printf(3) form. */
__attribute__((format(printf, 1, 2))) static inline void check_row(const char *format, ...)
{
	va_list ap;
	check_close();
	va_start(ap, format);
	vsnprintf(check_now.row, sizeof check_now.row, format, ap);
	va_end(ap);
	check_now.open = true;
}

static inline bool check_bad(const char *what, const char *expected, const char *seen)
{
	printf("FAILED %s: %s\n  expected %s\n  seen     %s\n", check_now.row, what, expected, seen);
	fflush(stdout);
	return check_now.bad = true, false;
}

static inline bool check_text(const char *what, const char *expected, const char *seen)
{
	return strcmp(expected, seen) == 0 || check_bad(what, expected, seen);
}

/* expected: from `low` to `high`. */
static inline bool check_range(const char *what, uint64_t low, uint64_t high, uint64_t seen)
{
	char e[64], s[32];
	if (seen >= low && seen <= high)
		return true;
	snprintf(e, sizeof e, low == high ? "%" PRIu64 : "%" PRIu64 " to %" PRIu64, low, high);
	snprintf(s, sizeof s, "%" PRIu64, seen);
	return check_bad(what, e, s);
}

static inline bool check_number(const char *what, uint64_t expected, uint64_t seen)
{
	return check_range(what, expected, expected, seen);
}

static inline bool check_true(const char *what, bool seen)
{
	return seen || check_bad(what, "true", "false");
}

/* What cannot be tested here is no test passed, and says why. */
static inline void check_skip(const char *why)
{
	printf("skipped %s: %s\n", check_now.row, why);
	check_now.open = false;
}

/* The closing line; what main() returns. */
static inline int check_done(void)
{
	check_close();
	printf("%u passed, %u failed\n", check_now.passed, check_now.failed);
	return check_now.failed ? 1 : 0;
}

#endif
