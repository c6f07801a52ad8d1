/*
 * sip-watch.h: SIP over UDP of programs that run without the shim: answers, and silence.
 *
 * The same rules and the same memory of requests as the shim's (sip-evidence.h,
 * sip-message.h), fed with copies of what the cgroup programs saw.
 */
#ifndef STICKYDNS_PINWATCH_SIP_WATCH_H
#define STICKYDNS_PINWATCH_SIP_WATCH_H

#include "tools/pinwatch/report.h"

void sip_message_seen(struct report *r, const struct watch_message *m);

#endif
