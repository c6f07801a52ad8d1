/*
 * talkers.h: the programs that still talk to another candidate of a name than its pin.
 *
 * A pin that moves leaves open connections where they are, and programs without the shim
 * go where they like. The kernel's lists (proc(5), /proc/net/tcp and its relatives of this
 * network namespace) are compared with the table. They hold TCP connections, established
 * or being made, and connected UDP sockets. UDP sockets that are not connected have no
 * peer to be seen.
 */
#ifndef STICKYDNS_TALKERS_H
#define STICKYDNS_TALKERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "policy/pins/view.h"

struct talker {
	struct endpoint to;
	pid_t pid;			/* 0: another user's process, which we may not look into */
	char comm[COMM_BYTES];		/* "" then */
};

struct talkers {
	struct talker *list;		/* by pid; each process once for an endpoint */
	size_t n;
};

/* Finds those of a name. False: out of memory; what was found until then is there. */
bool talkers_find(const struct table *t, const struct name_view *v, struct talkers *out);

void talkers_free(struct talkers *t);

#endif
