/*
 * probe.h: the duty that probes servers, so that a dead one is known before a call needs it, and a recovered one is used again.
 *
 * Probed is what names with `probe` say (stickydns.conf(5)): the endpoint that confirmed a pin, and endpoints that
 * cool off. An endpoint is probed once an interval, however many names hold it.
 */
#ifndef STICKYDNS_PROBE_H
#define STICKYDNS_PROBE_H

#include "tools/pinkeeper/keeper.h"

extern const struct duty probe_duty;

#endif
