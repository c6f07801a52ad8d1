/*
 * hostent.h: gethostbyname(3) and its relatives, in the order of the pin.
 *
 * The pointers to libc's addresses are put in order. An address that libc did not return needs a
 * longer list. That is built in the rest of the caller's buffer (ERANGE if it is too small, as the
 * caller expects). For the two functions with a static result it is in a static buffer of ours.
 */
#ifndef STICKYDNS_HOSTENT_H
#define STICKYDNS_HOSTENT_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

/* A call of one of the _r functions: its caller's places, as in gethostbyname_r(3). */
struct host_call {
	const char *name;
	int af;
	struct hostent *ret;
	char *buf;
	size_t len;
	struct hostent **result;
	int *err;			/* h_errno */
};

/* `real_call` asks libc; its result is what gethostbyname2_r returns. */
int hostent_lookup_r(const struct host_call *h, int (*real_call)(const struct host_call *h));

/* As gethostbyname2(3), for the two functions with a static result. `real_call` asks libc. */
struct hostent *hostent_lookup(const char *name, int af, struct hostent *(*real_call)(const char *name, int af));

#endif
