/*
 * addresses.h: address records, their endpoints, and which names hold an address.
 *
 * All names that hold an address share its record, so a failure is one CAS for all of
 * them. An endpoint (transport, port) takes one of ENDPOINTS slots at its first outcome.
 * A slot that never had a success yields to an endpoint that has one. An endpoint
 * without a slot shares the word "other".
 */
#ifndef STICKYDNS_ADDRS_H
#define STICKYDNS_ADDRS_H

#include "policy/table/names.h"
#include "policy/table/words.h"

/* Find the record of an address. 0: none. */
addr_ref addr_find(const struct table *t, const struct address *a);

/* Find or insert; another gives way as a name does (table_insert). 0: no room, or read-only. */
addr_ref addr_insert(struct table *t, const struct address *a);

/* The same where a record is free: none gives way. */
addr_ref addr_insert_spare(struct table *t, const struct address *a);

/* The same for what people set. */
addr_ref addr_insert_by_hand(struct table *t, const struct address *a);

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

/* ---- what was learnt, for who follows ---- */

/* How many addresses were given a record so far. Those who wait for more: journal_wait_learnt. */
uint64_t addr_learnt(const struct table *t);

/*
 * The slot of the *n-th of them, from 0, and advance. False: there is none yet. *lost: so many came that
 * this one is forgotten, or its writer died; *n is behind the last: walk the records (addr_next).
 */
bool addr_learnt_next(const struct table *t, uint64_t *n, uint32_t *slot, bool *lost);

/* Walk: the first live record in slot *cursor or after it, its slot left in *cursor - 1. Start with 0; false at the end. */
bool addr_next(const struct table *t, uint32_t *cursor, struct address *out);

/* The address in a slot. False: none is there. */
bool addr_in_slot(const struct table *t, uint32_t slot, struct address *out);

/* ---- address -> names ---- */

/* Note that `name` holds `addr`. Best effort: an address of more than about a thousand names lists those. */
void index_add(struct table *t, addr_ref addr, struct name_ref name);

/*
 * The next name that was noted with `addr` and still holds it, as pin or
 * candidate. Start with *cursor = 0; false at the end.
 */
bool index_next(const struct table *t, addr_ref addr, uint32_t *cursor, struct name_ref *out);

/* Does the record hold the address as pin, last confirmed, or candidate? */
bool name_holds(const struct table *t, struct name_ref r, addr_ref addr);

/* As pin, or last confirmed? */
bool name_holds_as_pin(const struct table *t, struct name_ref r, addr_ref addr);

/* As explicit pin, or in its list? */
bool name_holds_by_hand(const struct table *t, struct name_ref r, addr_ref addr);

#endif
