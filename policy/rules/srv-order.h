/*
 * srv-order.h: in which order the targets of a service are tried. Pure.
 *
 * RFC 2782: the lowest priority first; among equal ones by lot, a target's chance
 * being its weight's share of what is left, those of weight 0 having a small one.
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
