/* srv.c: the order of trial of RFC 2782: priorities exactly, weights by their share. */
#include <stdio.h>

#include "policy/rules/srv-order.h"
#include "tests/unit/check.h"

enum { ROLLS = 20000 };

/* How often each of n records came first, of ROLLS. */
static void roll(const struct srv_rank *rank, size_t n, unsigned first[])
{
	uint8_t order[8];
	for (size_t i = 0; i < n; i++)
		first[i] = 0;
	for (uint64_t dice = 0; dice < ROLLS; dice++) {
		srv_order(rank, n, dice * 0x9e3779b97f4a7c15u, order);
		first[order[0]]++;
	}
}

static void weights(void)
{
	static const struct {
		const char *what;
		struct srv_rank rank[4];
		size_t n;
		unsigned low[4], high[4];	/* per cent that come first */
	} rows[] = {
		{"three to one", {{10, 30}, {10, 10}}, 2, {71, 21}, {79, 29}},
		{"without weights all alike", {{10, 0}, {10, 0}, {10, 0}, {10, 0}}, 4, {21, 21, 21, 21}, {29, 29, 29, 29}},
		{"weight 0 beside others: hardly ever", {{10, 0}, {10, 99}}, 2, {0, 97}, {3, 100}},
		{"a worse priority: never", {{20, 65535}, {10, 1}}, 2, {0, 100}, {0, 100}},
		{"the greatest weights", {{1, 65535}, {1, 65535}, {1, 65535}}, 3, {29, 29, 29}, {38, 38, 38}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned first[4];
		check_row("%s", rows[i].what);
		roll(rows[i].rank, rows[i].n, first);
		for (size_t k = 0; k < rows[i].n; k++)
			check_range("per cent that come first", rows[i].low[k], rows[i].high[k], first[k] * 100 / ROLLS);
	}
}

static void order(void)
{
	static const struct srv_rank rank[] = {{30, 1}, {10, 5}, {20, 0}, {10, 5}, {0, 9}};
	uint8_t at[5];
	check_row("all of them, each once, by priority");
	for (uint64_t dice = 0; dice < 100; dice++) {
		unsigned seen = 0;
		srv_order(rank, 5, dice * 77777, at);
		for (size_t i = 0; i < 5; i++)
			seen |= 1u << at[i];
		check_range("records", 31, 31, seen);
		for (size_t i = 1; i < 5; i++)
			check_true("priorities rise", rank[at[i - 1]].priority <= rank[at[i]].priority);
	}
	srv_order(rank, 0, 1, at);
}

int main(void)
{
	weights();
	order();
	return check_done();
}
