/* history.h: what happened before a table took the place of another stays in its journal. */
#ifndef STICKYDNS_PINS_HISTORY_H
#define STICKYDNS_PINS_HISTORY_H

#include "policy/table/journal.h"
#include "policy/table/names.h"

/*
 * For a table that takes the place of `from`. Before it has: it is the next generation (journal_take). Once it has
 * (`published`): the latest events of `from` come into its journal as they are, and behind them that it was replaced, and
 * why. The hosts of SRV targets are looked up in `from`. Bounded by the journal.
 */
void history_take(struct table *to, const struct table *from, bool published, enum cause why);

/* The same without the events. */
void history_leave(struct table *to, const struct table *from, bool published, enum cause why);

/* A name of `from` has no room in `to`: each of its pins is an event, as of a name that gave way. */
void history_left_out(struct table *to, const struct table *from, const struct name *n, struct name_ref theirs);

#endif
