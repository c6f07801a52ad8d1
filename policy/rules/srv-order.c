/* srv-order.c: see srv-order.h. */
#include "policy/rules/srv-order.h"

#include "policy/base/hash.h"

/* By priority; of equal ones those of weight 0 first, as RFC 2782 has it for the lot. Stable. */
static void sort(const struct srv_rank *rank, size_t n, uint8_t *order)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = i;
		for (; at > 0; at--) {
			const struct srv_rank a = rank[i], b = rank[order[at - 1]];
			if (b.priority < a.priority || (b.priority == a.priority && (b.weight == 0 || a.weight != 0)))
				break;
			order[at] = order[at - 1];
		}
		order[at] = (uint8_t)i;
	}
}

/*
 * Draws one of order[0..n), all of one priority, to the front; the others keep
 * their order. Without any weight all have the same chance.
 */
static void draw(const struct srv_rank *rank, size_t n, uint64_t dice, uint8_t *order)
{
	uint64_t sum = 0, running = 0;
	size_t at = 0;
	for (size_t i = 0; i < n; i++)
		sum += rank[order[i]].weight;
	const uint64_t lot = dice % (sum + 1);		/* 0 to sum, both included */
	if (sum == 0)
		at = dice % n;
	while (sum && at + 1 < n && (running += rank[order[at]].weight) < lot)
		at++;
	const uint8_t drawn = order[at];
	for (; at > 0; at--)
		order[at] = order[at - 1];
	order[0] = drawn;
}

void srv_order(const struct srv_rank *rank, size_t n, uint64_t dice, uint8_t *order)
{
	sort(rank, n, order);
	for (size_t i = 0; i < n; i++) {
		size_t same = 1;
		while (i + same < n && rank[order[i + same]].priority == rank[order[i]].priority)
			same++;
		dice = hash_fold(dice ^ 0x9e3779b97f4a7c15u, 0xa0761d6478bd642fu + i);
		draw(rank, same, dice, order + i);
	}
}
