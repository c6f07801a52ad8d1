/*
 * report.h: what this program met, reported to the table, the log and the probes.
 *
 * The caller gives what it knows of an outcome. The names that this process looked up, which the outcome counts for,
 * are filled in here. No locks, no allocation; errno may change.
 */
#ifndef STICKYDNS_REPORT_H
#define STICKYDNS_REPORT_H

#include "policy/pins/answer.h"
#include "policy/pins/report.h"

/* A lookup was answered from pool `p`; nothing is reported unless a pin comes first in it. */
void report_lookup(const struct table *t, const struct lookup *l, const struct pool *p);

/*
 * This program met a failure. The probe is told whether or not somebody else, pinwatch or another thread, was first to
 * tell the table. Nothing is told where the host itself has no way to the server.
 */
void report_failed(struct table *t, struct outcome o, enum cause cause);

/* A success, and a connection that was reset: as pins_report() has it. */
void report_succeeded(struct table *t, struct outcome o);
void report_reset(struct table *t, struct outcome o);

#endif
