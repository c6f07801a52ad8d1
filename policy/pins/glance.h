/*
 * glance.h: what one look at a record shows, for who counts whole tables. It reads two cache lines, and copies no name.
 */
#ifndef STICKYDNS_GLANCE_H
#define STICKYDNS_GLANCE_H

#include "policy/rules/decide.h"
#include "policy/table/names.h"

struct name_glance {
	struct name_ref ref;
	bool service;
	struct {
		bool present, is_explicit, confirmed;	/* as its word says: whether it would still lead is not judged */
	} pin[FAMILIES];
	uint16_t moves;			/* modulo 65,536 */
	uint32_t idle_s;		/* since the last lookup; UINT32_MAX: never */
};

struct addr_glance {
	bool drained;
	uint8_t circuits[CIRCUIT_OPEN + 1];	/* how many of its endpoints are closed, half-open, open */
};

/* The record in a slot, below layout.name_slots and layout.addr_slots. False: none is there. */
bool name_glance(const struct table *t, uint32_t slot, struct name_glance *out);
bool addr_glance(const struct table *t, uint32_t slot, struct addr_glance *out);

/* The counters of the table (enum counter). */
void counters_glance(const struct table *t, uint64_t out[static COUNTERS]);

#endif
