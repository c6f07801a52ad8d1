/*
 * follow.h: asks DNS for every name in the table as its TTL runs out, and deals with the answers as lookups do.
 *
 * So a name stays true that nobody looks up: its pin moves when DNS moves it, and `serve = on` need not wait for DNS. While
 * DNS is down nothing changes (pace.h).
 */
#ifndef STICKYDNS_FOLLOW_DUTY_H
#define STICKYDNS_FOLLOW_DUTY_H

#include "tools/pinkeeper/keeper.h"

extern const struct duty follow_duty;

#endif
