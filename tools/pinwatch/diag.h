/*
 * diag.h: connected UDP sockets, as the kernel lists them for a network namespace (sock_diag(7)).
 *
 * No hook on sendmsg(2) tells what a connected socket sends. Queries wait for
 * the kernel, which answers at once.
 */
#ifndef STICKYDNS_PINWATCH_DIAG_H
#define STICKYDNS_PINWATCH_DIAG_H

#include <stdbool.h>

#include "tools/pinwatch/watch.h"

/* A netlink socket for this process's network namespace; -1: none, errno. */
int diag_open(void);

/*
 * Calls `is` with the peer of each connected UDP socket until it says true: that is the
 * answer. The namespace of the key is `netns`.
 */
bool diag_any(int fd, __u64 netns, bool (*is)(const void *arg, const struct watch_key *peer), const void *arg);

#endif
