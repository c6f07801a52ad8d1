/* takeover.h: copies what one table knows into another. */
#ifndef STICKYDNS_PINS_TAKEOVER_H
#define STICKYDNS_PINS_TAKEOVER_H

#include "policy/table/file.h"
#include "policy/table/layout.h"

/*
 * Takes in what `from` knows: names, candidates, pins, health, drained addresses. What `to` has pinned stays, but an
 * explicit pin replaces an auto pin. What is worth most gets room first (worth.h).
 * Returns how many names were left out. Bounded by the size of `from`; may be done again.
 */
uint32_t pins_take_over(struct table *to, const struct table *from);

/*
 * The same, and the settings, for a table that replaces `from`. Of two pins the later stays. Call it again with `published`
 * when `to` is in its place: a pin that a program chose there meanwhile, without knowledge of the old one, gives way to the
 * old one if that is fit and no less confirmed.
 */
uint32_t pins_take_place(struct table *to, const struct table *from, bool published);

#endif
