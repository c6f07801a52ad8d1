/* marks.h: failures and successes in the words of an address record. Private to policy/. */
#ifndef STICKYDNS_MARKS_H
#define STICKYDNS_MARKS_H

#include "policy/pins/pins.h"

/* The one CAS that makes a failure known to all, in slot `slot` or, at -1, in "other". True, and an event, when a cool-off began. */
bool mark_failed(struct table *t, struct addr_record *a, int slot, const struct outcome *o, enum cause cause);

/* The endpoint `e`, in this slot, succeeded. */
void mark_succeeded(struct table *t, struct addr_record *a, unsigned slot, const struct endpoint *e, enum cause why);

/* A TCP connect to the endpoint in this slot came through. */
void mark_connected(struct addr_record *a, unsigned slot);

/* The same, and it says no more of the endpoint than that it listens. */
void mark_listening(struct addr_record *a, unsigned slot, const struct endpoint *e);

/* Ends a cool-off, in the health word. `last`: tick of the success before; 0: none. */
void mark_recovered(struct table *t, word64 *w, uint32_t last, const struct endpoint *e, enum cause cause);

#endif
