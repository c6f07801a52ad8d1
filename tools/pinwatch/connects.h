/*
 * connects.h: what becomes of TCP connects: the programs of connects.bpf.c, and when changes of state are watched.
 *
 * A hook tells that a TCP connect came through. Every TCP socket of the host passes that
 * hook six times. So it is attached only while some program connects to a watched
 * address. The hook on connect(2) tells when that begins. It ends when no connect can be
 * in flight any more. Attaching takes about a millisecond. What came through meanwhile is
 * found by looking through the sockets that connect; what was closed meanwhile as well is
 * not seen. Failures have hooks of their own, which stay attached.
 *
 * Where the hook on connect is not there, or sees one cgroup only, changes of state
 * are watched all the time.
 */
#ifndef STICKYDNS_PINWATCH_CONNECTS_H
#define STICKYDNS_PINWATCH_CONNECTS_H

#include "tools/pinwatch/probes.h"

/* A connect may be in flight for so long: six SYNs (tcp_syn_retries, tcp(7)). */
enum { CONNECTS_IDLE_S = 130 };

/*
 * Attaches the hooks of failures and, where it is needed, the one of changes of state; `always`: that one
 * all the time. Comes after datagrams_open(), which attaches the hook on connect.
 */
void connects_open(struct probes *p, bool always);

/* Some program connects: watch from now for CONNECTS_IDLE_S at least, or idle_s if that is shorter. */
void connects_wanted(struct probes *p);

/* Once a second: is it still so? */
void connects_tend(struct probes *p);

#endif
