/*
 * addrinfo.h: getaddrinfo(3), in the order of the pin.
 *
 * libc's own answer is relinked, never rebuilt. glibc frees the nodes of a list one by one. So
 * the nodes may be in any order, nodes of ours may be among them (each one malloc, as glibc's), and
 * lists of several lookups may be joined.
 */
#ifndef STICKYDNS_ADDRINFO_H
#define STICKYDNS_ADDRINFO_H

#include <netdb.h>
#include <stdbool.h>

/* As getaddrinfo(3). `node` may be NULL. errno is the real call's. */
int addrinfo_lookup(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res);

/* May the table answer without DNS? True: *res is the answer. False: *res is untouched. For getaddrinfo_a(3). */
bool addrinfo_unasked(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res);

/* libc's own lookup ended with `r` and *res. Returns, and puts there, what the program is to get. For getaddrinfo_a(3). */
int addrinfo_finish(const char *node, const char *service, const struct addrinfo *hints, int r, struct addrinfo **res);

#endif
