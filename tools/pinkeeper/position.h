/*
 * position.h: up to where the journal was read, for the pinkeeper that is started next. So one that is restarted misses no
 * event that the table still has, and says how many it missed.
 *
 * It lies in $RUNTIME_DIRECTORY (systemd.exec(5)). Without that, nothing is kept.
 */
#ifndef STICKYDNS_POSITION_H
#define STICKYDNS_POSITION_H

#include "policy/table/file.h"

/* The number of the next event to read, if it is known for this very table; else `otherwise`. */
uint64_t position_of(const struct table *t, uint64_t otherwise);

/* The events of this table before `seq` have been read. Errors are not told: then the next one begins with what comes. */
void position_keep(const struct table *t, uint64_t seq);

#endif
