/*
 * srv-order.h: in which order the targets of a service are tried. Pure.
 *
 * RFC 2782: the lowest priority comes first. Among equal priorities chance decides: a
 * target's chance is its weight's share of what is left, and weight 0 has a small chance.
 */
#ifndef STICKYDNS_SRV_H
#define STICKYDNS_SRV_H

#include <stddef.h>
#include <stdint.h>

struct srv_rank {
	uint16_t priority, weight;
};

/* Writes the indices 0 to n-1 in the order of trial. `dice`: any random number. */
void srv_order(const struct srv_rank *rank, size_t n, uint64_t dice, uint8_t *order);

#endif
