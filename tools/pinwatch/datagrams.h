/*
 * datagrams.h: the hooks of datagrams.bpf.c on a cgroup, and when packets are looked at.
 *
 * A hook that sees packets costs each packet of the cgroup's programs a call, TCP's too.
 * So those hooks are attached only while some program sends datagrams to a watched
 * address. That begins when the hook on sendmsg(2) tells of it, or when a UDP socket is
 * found that is connected to one. It ends when nothing was sent for idle_s. Attaching
 * takes some milliseconds, a second at most. Meanwhile answers are missed, and requests
 * of a connected socket too. A program that gets no answer sends again (RFC 3261
 * 17.1.1.2).
 *
 * Where the hooks that tell cannot be attached, packets are looked at all the time; where
 * connected sockets cannot be listed, from when one was connected. Hooks that are wanted
 * and cannot be attached are said to be missing, once, and tried again every 5 s.
 */
#ifndef STICKYDNS_PINWATCH_DATAGRAMS_H
#define STICKYDNS_PINWATCH_DATAGRAMS_H

#include "tools/pinwatch/spaces.h"

/* A registration is renewed once an hour, as a rule (RFC 3261 10.2). Twice that. */
enum { DATAGRAMS_IDLE_S = 7200 };

/* Attaches the hooks that tell who sends, if datagrams.bpf.c is loaded. */
void datagrams_open(struct probes *p);

/* Attaches to --cgroup again if it was removed, or made again. True: it was. */
bool datagrams_renew(struct probes *p);

/* Some program sends datagrams to a watched address, or may: look at packets, from now for idle_s at least. */
void datagrams_wanted(struct probes *p);

/* A UDP socket was connected to a watched address: is it still there? */
void datagrams_hint(struct probes *p, const struct spaces *s);

/*
 * Once a second: is it still so? And is there a connected socket, of which no hook tells what it sends? The lists
 * of sockets are read for that when one was connected, and once a minute for those from before pinwatch came.
 */
void datagrams_tend(struct probes *p, const struct spaces *s);

#endif
