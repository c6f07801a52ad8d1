/*
 * connects.h: when changes of state are looked at.
 *
 * That a TCP connect came through is told by a hook which every TCP socket of the host
 * passes six times. So it is there only while somebody connects to a watched address:
 * from when the hook on connect(2) tells of it, until no connect can be in flight any
 * more. That takes a millisecond at most, as a rule; what came through meanwhile is found by looking
 * through the sockets that connect, and what was closed meanwhile as well passes unseen.
 * Failures need none of this.
 *
 * Where the hook on connect is not there, or is there for one cgroup's programs only,
 * changes of state are looked at all the time.
 */
#ifndef STICKYDNS_PINWATCH_CONNECTS_H
#define STICKYDNS_PINWATCH_CONNECTS_H

#include "tools/pinwatch/probes.h"

/* So long a connect may be in flight: six SYNs (tcp_syn_retries, tcp(7)). */
enum { CONNECTS_IDLE_S = 130 };

/* `always`: whether somebody connects or not. After packets_open(), which attaches the hook on connect. */
void connects_open(struct probes *p, bool always);

/* Somebody connects: from now for CONNECTS_IDLE_S at least, or idle_s if that is shorter. */
void connects_wanted(struct probes *p);

/* Once a second: is it still so? */
void connects_tend(struct probes *p);

#endif
