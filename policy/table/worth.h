/*
 * worth.h: who gives way when the table is full. See insert.h.
 *
 * A new record takes the place of one whose worth is below a limit: of the least worth, the idlest. Names that anybody
 * can make by the thousand, even with servers that answer, are worth less than PROVEN. So a flood of names takes room
 * from its own kind only. The worth follows from words that are there for other reasons, and from `proven` (words.h).
 * No locks, no allocation, bounded work.
 */
#ifndef STICKYDNS_WORTH_H
#define STICKYDNS_WORTH_H

#include "policy/table/addresses.h"
#include "policy/table/names.h"
#include "policy/table/search.h"

/* Of a name, by its own words. */
enum worth worth_of_name(const struct table *t, struct name_ref r, uint32_t now);

/* Of an address, by its own words. What the names that hold it are worth counts as well (insert.c). */
enum worth worth_of_addr(const struct addr_record *a, uint32_t now);

/* A success now of a name that is not proven: does its word of the last confirmed address say so then? */
bool worth_proves(struct confirmed *c, uint32_t now);

#endif
