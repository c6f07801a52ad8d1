/*
 * addrinfo.h: getaddrinfo(3), in the order of the pin.
 *
 * libc's own answer is relinked, never rebuilt. glibc frees the nodes of a list one by one. So
 * they may stand in any order, a node of ours (one malloc, as glibc's) may stand among them, and
 * lists of several lookups may be joined.
 */
#ifndef STICKYDNS_ADDRINFO_H
#define STICKYDNS_ADDRINFO_H

#include <netdb.h>
#include <stdbool.h>

/* As getaddrinfo(3). `node` may be NULL. errno is the real call's. */
int addrinfo_lookup(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res);

/* Does the table answer without DNS? Then *res is it; else it stays as it is. For getaddrinfo_a(3), as is the next. */
bool addrinfo_unasked(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res);

/* libc's own lookup ended with `r` and *res: what the program is to get. */
int addrinfo_finish(const char *node, const char *service, const struct addrinfo *hints, int r, struct addrinfo **res);

#endif
