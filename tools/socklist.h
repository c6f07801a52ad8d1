/*
 * socklist.h: the kernel's list of sockets: /proc/net/tcp and its kin (proc(5)), of one network namespace.
 */
#ifndef STICKYDNS_SOCKLIST_H
#define STICKYDNS_SOCKLIST_H

#include <stdbool.h>
#include <stdio.h>

#include "endpoint.h"

enum { LISTED_ESTABLISHED = 1, LISTED_SYN_SENT = 2 };	/* tcp(7); a connected UDP socket is the former */

struct listed {
	struct endpoint to;		/* without a transport: the file's name tells */
	unsigned state;
	uint64_t inode;
};

/* The next socket that the file shows; false: there is none left. Lines that make no sense are passed over. */
bool socklist_next(FILE *f, struct listed *out);

#endif
