/*
 * view.h: copies of what the table knows, for people and tests.
 */
#ifndef STICKYDNS_PINS_VIEW_H
#define STICKYDNS_PINS_VIEW_H

#include "policy/rules/decide.h"
#include "policy/table/names.h"

struct endpoint_view {
	uint16_t port;			/* 0 with transport 0: "other" */
	uint8_t transport;
	uint8_t last_cause;
	uint16_t failures;
	uint32_t cooling_s;
	enum circuit circuit;
	bool counts;			/* for this name: it regards this endpoint */
	uint32_t failed, succeeded;	/* ticks; 0: never */
};

struct candidate_view {
	struct address addr;
	uint32_t seen_s;		/* seconds since it was last in an answer; UINT32_MAX: never */
	bool beside;			/* it was last seen in a service's answer, not in one for the name */
	uint16_t priority, weight;	/* of a target */
	uint8_t rank;
	bool drained;
	size_t n_endpoints;
	struct endpoint_view endpoints[ENDPOINTS + 1];
	struct endpoint_view worst;	/* of those that count */
};

struct pin_view {
	bool present;
	struct address addr;
	bool is_explicit, confirmed, failed;
	uint16_t port;			/* of the endpoint that confirmed it; 0: none */
	uint8_t transport;
	uint8_t origin;			/* enum origin */
	uint32_t origin_pid;
	uint32_t set_s;			/* seconds since it was set */
	uint32_t expires_s;		/* seconds until an explicit pin ends; 0: never */
};

struct name_view {
	struct name name;
	struct pin_view pin[FAMILIES];
	uint32_t idle_s;		/* since the last lookup; UINT32_MAX: never */
	uint32_t moves;
	uint32_t ttl_s;			/* left of the records' TTL, as refresh saw it; 0: over or unknown */
	size_t n_candidates;
	struct candidate_view candidates[CANDIDATES];
};

struct table_stats {
	uint32_t names, names_capacity;
	uint32_t addrs, addrs_capacity;
	uint64_t counters[COUNTERS];	/* enum counter */
};

/* Counts the live records: a walk over the whole table. */
void pins_stats(const struct table *t, struct table_stats *out);

/* A copy of what is known of a record. False: it is gone. */
bool pins_view(const struct table *t, struct name_ref ref, struct name_view *out);

#endif
