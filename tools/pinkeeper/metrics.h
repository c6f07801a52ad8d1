/* metrics.h: the duty that shows the table, its names and all duties to Prometheus. See metrics in stickydns.conf(5). */
#ifndef STICKYDNS_METRICS_H
#define STICKYDNS_METRICS_H

#include "tools/pinkeeper/keeper.h"

extern const struct duty metrics_duty;

#endif
