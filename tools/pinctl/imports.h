/* imports.h: by which ways an ELF file looks up names, as far as its symbols tell. */
#ifndef STICKYDNS_IMPORTS_H
#define STICKYDNS_IMPORTS_H

#include <stdbool.h>

/*
 * The shim can stand in front of what the file imports. A file that names /etc/resolv.conf, sends, and imports nobody's
 * resolver has a resolver of its own.
 */
enum resolver {
	BY_LIBC,			/* getaddrinfo(3), gethostbyname(3) and their kin */
	BY_RES,				/* resolver(3) */
	BY_CARES,
	BY_LIBRARY,			/* libunbound, ldns, getdns, udns */
	BY_PACKETS,			/* its own */
	BY_GO,				/* Go's, which makes system calls without libc */
	RESOLVERS
};

struct imports {
	bool by[RESOLVERS];
};

/* False: no ELF file of this machine's word size, or not readable. */
bool imports_of(const char *path, struct imports *out);

/* "getaddrinfo", "res_query", "c-ares" ... */
const char *resolver_text(enum resolver r);

#endif
