/* takeover.h: copies what one table knows into another. */
#ifndef STICKYDNS_PINS_TAKEOVER_H
#define STICKYDNS_PINS_TAKEOVER_H

#include "policy/table/file.h"
#include "policy/table/layout.h"

/*
 * Takes in what `from` knows: names, candidates, pins, health, drained addresses. What `to` has pinned stays, but
 * for an explicit pin over an auto pin. What is worth most has room first (worth.h).
 * Returns how many names were left out. Bounded by the size of `from`; may be done again.
 */
uint32_t pins_take_over(struct table *to, const struct table *from);

/*
 * The same, and the settings, for a table that takes the place of `from`: of two pins the later one stays. Once more when it has (`published`):
 * what programs have pinned meanwhile in the new one, not knowing of a pin in the old, gives way to that pin, if it is fit
 * and no less confirmed.
 */
uint32_t pins_take_place(struct table *to, const struct table *from, bool published);

#endif
