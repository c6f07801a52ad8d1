/*
 * insert.h: records of names and addresses are made, and where there is no room, others give way (worth.h).
 *
 * No locks, no allocation, bounded work.
 */
#ifndef STICKYDNS_INSERT_H
#define STICKYDNS_INSERT_H

#include "policy/table/addresses.h"
#include "policy/table/names.h"

/*
 * Find or insert. False: the table is full of proven names and explicit pins here, its file system is full, or it
 * is read-only. Of the other records searched one gives way when none is free (worth.h).
 */
bool table_insert(struct table *t, const struct name *n, struct name_ref *out);

/*
 * The same for what people set: proven names give way too, and only explicit pins and the hosts of theirs do not; nor
 * what was used in the last `idle` ticks.
 */
bool table_insert_by_hand(struct table *t, const struct name *n, uint32_t idle, struct name_ref *out);

/* The same where a record is free: none gives way, however idle. False, too, when there is none. */
bool table_insert_spare(struct table *t, const struct name *n, struct name_ref *out);

/* Find or insert; another gives way as a name does (table_insert). 0: no room, or read-only. */
addr_ref addr_insert(struct table *t, const struct address *a);

/* The same where a record is free: none gives way. */
addr_ref addr_insert_spare(struct table *t, const struct address *a);

/* The same for what people set. */
addr_ref addr_insert_by_hand(struct table *t, const struct address *a);

#endif
