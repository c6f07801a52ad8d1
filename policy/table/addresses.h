/*
 * addresses.h: address records and their endpoints. insert.h makes them, index.h tells which names hold one.
 *
 * All names that hold an address share its record, so a failure is one CAS for all of
 * them. An endpoint (transport, port) takes one of ENDPOINTS slots at its first outcome.
 * A slot that never had a success yields to an endpoint that has one. An endpoint
 * without a slot shares the word "other".
 */
#ifndef STICKYDNS_ADDRS_H
#define STICKYDNS_ADDRS_H

#include "policy/base/hash.h"
#include "policy/table/file.h"
#include "policy/table/words.h"

static inline uint64_t addr_hash(const struct address *a, uint64_t seed)
{
	const uint64_t w[] = {a->words[0], a->words[1], a->scope};
	return hash_words(w, 3, ~seed);
}

/* The address in a record; may be torn. */
static inline struct address addr_copy(const struct addr_record *r)
{
	return (struct address){.words = {get64(&r->addr[0]), get64(&r->addr[1])}, .scope = get64(&r->addr[2])};
}

/* The target host:port, in the form of an address (srv.h), as table `t` knows it. */
static inline struct address addr_of_target(const struct table *t, const struct name *host, uint16_t port)
{
	return (struct address){.words = {name_hash(host, t->seed), name_hash(host, ~t->seed)},
				.scope = ADDRESS_TARGET | port};
}

/* Find the record of an address. 0: none. */
addr_ref addr_find(const struct table *t, const struct address *a);

/* The record, or NULL when the ref is out of bounds or the record was given to another address. */
static inline struct addr_record *addr_at(const struct table *t, addr_ref r)
{
	if (r == 0 || ref_slot(r) >= t->layout.addr_slots)
		return NULL;
	struct addr_record *a = &t->addrs[ref_slot(r)];
	return ref_names(r, seen64(&a->key)) ? a : NULL;
}

/* The address behind a ref. False as for addr_at. */
bool addr_read(const struct table *t, addr_ref r, struct address *out);

/* Is it the ref of this address? What addr_find would say of a ref that it once gave, without a search. */
static inline bool addr_is_of(const struct table *t, addr_ref r, const struct address *want)
{
	const struct addr_record *a = addr_at(t, r);
	if (!a || get64(&a->addr[0]) != want->words[0] || get64(&a->addr[1]) != want->words[1] ||
	    get64(&a->addr[2]) != want->scope)
		return false;
	before_recheck();
	return ref_names(r, get64(&a->key));
}

/* The endpoint's slot (0 to ENDPOINTS-1), or -1. */
static inline int endpoint_find(const struct addr_record *a, uint8_t transport, uint16_t port)
{
	for (int i = 0; transport != TRANSPORT_ANY && i < ENDPOINTS; i++)
		if (health_is_of(get64(&a->endpoints[i].health), transport, port))
			return i;
	return -1;
}

/*
 * Find it or give it a slot; with `success`, a slot that never had a success
 * yields. -1: "other", as always for TRANSPORT_ANY.
 */
int endpoint_take(struct addr_record *a, uint8_t transport, uint16_t port, bool success);

/* Failures so far, modulo SUM_MASK + 1: of the endpoints in `mask`, and of "other" when `other`. */
uint16_t endpoint_sum(const struct addr_record *a, uint8_t mask, bool other);

/* ---- what was added, for who follows ---- */

/* How many addresses were given a record so far. Those who wait for more: journal_wait_added. */
uint64_t addr_added(const struct table *t);

/*
 * The slot of the *n-th of them, from 0, and advance. False: there is none yet. *lost: so many came that
 * this one is forgotten, or its writer died; *n is behind the last: walk the records (addr_next).
 */
bool addr_added_next(const struct table *t, uint64_t *n, uint32_t *slot, bool *lost);

/* Walk: the first live record in slot *cursor or after it, its slot left in *cursor - 1. Start with 0; false at the end. */
bool addr_next(const struct table *t, uint32_t *cursor, struct address *out);

/* The address in a slot. False: none is there. */
bool addr_in_slot(const struct table *t, uint32_t slot, struct address *out);

#endif
