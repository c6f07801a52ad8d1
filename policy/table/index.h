/*
 * index.h: which names hold an address.
 */
#ifndef STICKYDNS_INDEX_H
#define STICKYDNS_INDEX_H

#include "policy/table/names.h"

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
