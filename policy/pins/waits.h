/*
 * waits.h: what is kept of each kind of request to an endpoint: when one was answered last, how many were given up
 * unanswered, and whose they were. Private to policy/.
 *
 * Sets of four records, found by a hash of endpoint and kind; a full set forgets what idles longest, and what is
 * forgotten is no evidence. A record is given away in three steps, so that nobody takes an earlier owner's words for
 * the new one's: its key becomes 1, its words zero, its key the new one. Who dies between them leaves it free. No
 * locks, no allocation, bounded work.
 */
#ifndef STICKYDNS_WAITS_H
#define STICKYDNS_WAITS_H

#include "policy/rules/decide.h"
#include "policy/table/file.h"
#include "policy/table/layout.h"

/* The record, or NULL: there is none. */
struct wait_record *waits_find(const struct table *t, const struct endpoint *e, enum request_kind kind);

/* The same; makes it. NULL: the table may not be written, or others were quicker. */
struct wait_record *waits_take(struct table *t, const struct endpoint *e, enum request_kind kind);

#endif
