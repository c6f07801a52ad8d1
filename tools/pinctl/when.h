/*
 * when.h: a point in time, as people write it.
 *
 *	1h  -1h  90m  1h30m		so long ago; +1h: so long from now
 *	now
 *	14:00  14:00:30  14:00Z		the latest such time that is past
 *	2026-11-30			the beginning of that day
 *	2026-11-30 14:00		also with a T in between, seconds and their fraction, and a zone
 *	2026-11-30T14:00:30.5+01:00	(RFC 3339)
 *
 * Without a zone (Z or +HH:MM) it is local time (TZ, tzset(3)).
 */
#ifndef STICKYDNS_PINCTL_WHEN_H
#define STICKYDNS_PINCTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of CLOCK_REALTIME; `now_ns` of it, too. False: no such time, or one before 1970. */
bool when_parse(const char *text, uint64_t now_ns, uint64_t *out);

#endif
