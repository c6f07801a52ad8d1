/*
 * log.h: one line for each event, if STICKYDNS_LOG asks for it.
 *
 * Lines go to stderr, syslog, or a file that is opened for each line, so that nobody ever sees
 * a descriptor of ours. In a file each begins with the time. It uses write(2) and send(2) only. A line that cannot be written is
 * lost. Nothing is printed unless asked for.
 */
#ifndef STICKYDNS_LOG_H
#define STICKYDNS_LOG_H

#include "policy/table/journal.h"

/* Reads STICKYDNS_LOG and STICKYDNS_LEVEL (warning, info, debug; default info). */
void log_start(void);

bool log_wanted(void);

/* Failures and moves at warning, other events at info. errno may change. */
void log_event(const struct table *t, const struct event *e);

/* A pin of `t`, `a`, came first in the answer for `name`: explicit pins at info, others at debug. errno may change. */
void log_lookup(const struct table *t, const char *name, const struct address *a, bool is_explicit);

#endif
