/*
 * events.h: the duty that writes each event of the journal into journald or syslog. See events in stickydns.conf(5).
 */
#ifndef STICKYDNS_KEEPER_EVENTS_H
#define STICKYDNS_KEEPER_EVENTS_H

#include "tools/pinkeeper/keeper.h"

extern const struct duty events_duty;

#endif
