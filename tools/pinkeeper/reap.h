/*
 * reap.h: the duty that finds what killed programs left in flight.
 *
 * A program's lookup does so too, for the name that it looks up. This finds it for names that nobody looks up
 * now, and for programs that may not ask whether a process lives (seccomp(2)).
 */
#ifndef STICKYDNS_REAP_H
#define STICKYDNS_REAP_H

#include "tools/pinkeeper/keeper.h"

extern const struct duty reap_duty;

#endif
