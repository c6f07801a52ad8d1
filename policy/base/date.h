/*
 * date.h: a time of CLOCK_REALTIME as text, for people.
 *
 * No locks and no environment, so that the shim may call it anywhere: glibc's gmtime_r(3) takes a lock and reads TZ.
 */
#ifndef STICKYDNS_DATE_H
#define STICKYDNS_DATE_H

#include <stdint.h>

enum { TIME_TEXT = 48 };

/* RFC 3339, UTC, milliseconds: "2026-11-30T19:32:03.127Z"; from nanoseconds since 1970. */
void time_iso(uint64_t ns, char out[static TIME_TEXT]);

#endif
