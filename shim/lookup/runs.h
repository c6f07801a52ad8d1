/*
 * runs.h: an addrinfo list as runs of nodes with one address.
 *
 * getaddrinfo gives each address once for every socket type asked for, as nodes beside each other.
 * The runs are put in order, and only within each family: the places of the families are libc's.
 */
#ifndef STICKYDNS_RUNS_H
#define STICKYDNS_RUNS_H

#include <netdb.h>

#include "policy/pins/answer.h"

/* The addresses of the list, each once, into the pools of their families. IPv4-mapped ones are IPv4. */
void runs_collect(const struct addrinfo *list, struct pool pool[static FAMILIES]);

/*
 * Relinks the list in the order of the pools. For a pool with `extra`, a copy of its family's first run gets that address
 * and goes in front, if there are memory and a run. The canonical name stays with the first node. Returns the new head.
 */
struct addrinfo *runs_order(struct addrinfo *list, const struct pool pool[static FAMILIES]);

/*
 * Copies the nodes from `first` to `last` with another address, as glibc's freeaddrinfo(3) takes them: one malloc each.
 * *end: the last of the copies. NULL: no memory, or an address that has not the form of theirs.
 */
struct addrinfo *runs_copy(const struct addrinfo *first, const struct addrinfo *last, const struct address *a,
			   struct addrinfo **end);

#endif
