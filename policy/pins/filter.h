/*
 * filter.h: which endpoints of an address count for a name, and how the address is doing by those.
 */
#ifndef STICKYDNS_FILTER_H
#define STICKYDNS_FILTER_H

#include "policy/rules/decide.h"
#include "policy/table/names.h"

/* Which endpoints of an address count. */
struct endpoint_filter {
	uint8_t transport;		/* TRANSPORT_ANY: every one with the port */
	uint16_t port;			/* 0: every one; with TRANSPORT_ANY "other" too */
};

/* Does the endpoint count? */
bool filter_takes(struct endpoint_filter r, struct health h);

/* Does the word "other" of an address count? Where all do, and what was failed by hand always. */
bool filter_takes_other(struct endpoint_filter r, struct health other);

/* What counts for a name outside of a lookup: the endpoint that confirmed its pin, or all if none did. */
struct endpoint_filter filter_of(const struct table *t, struct name_ref ref, enum family f);

/*
 * How an address is doing, by the endpoints that count. An address without a record never failed. *sum: the failures of
 * all its endpoints (endpoint_sum). It is read first, so a failure that comes meanwhile changes it.
 */
struct candidate candidate_of_address(const struct table *t, addr_ref ref, struct endpoint_filter r, uint32_t now,
				      uint16_t *sum);

/* A target whose host has known addresses is no fitter than the fittest of them, and drained when they all are. */
void target_judge(const struct table *t, const struct address *target, struct endpoint_filter r, uint32_t now, struct candidate *c);

#endif
