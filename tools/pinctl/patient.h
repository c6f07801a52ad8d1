/*
 * patient.h: what `pinctl doctor` looks at: a program that may be started, or a process that runs.
 *
 * Also the files that are mapped into the process, with the shim and its table.
 */
#ifndef STICKYDNS_PATIENT_H
#define STICKYDNS_PATIENT_H

#include <limits.h>
#include <stdbool.h>

#include "tools/common/names.h"
#include "tools/pinctl/holders.h"

struct patient {
	unsigned long pid;		/* 0: a program */
	char program[PATH_MAX];		/* the file, of a script its interpreter */
	char root[64];			/* before paths: another process may have another root directory */
	char trouble[PATH_MAX + 128];	/* why a preload does not reach it; "" */
	struct names objects;		/* shared libraries and the program */
	char shim[PATH_MAX];		/* as it is mapped; "" */
	struct holder table;		/* that it holds; path "": none */
	struct names environment;	/* STICKYDNS*=... of a process */
};

/* `word`: a process id, or a program as execvp(3) finds it. DONE, or FAILED after one line. patient_free() in any case. */
int patient_examine(const struct context *c, const char *word, struct patient *p);

void patient_free(struct patient *p);

/*
 * How an ELF file looks up names, as far as its symbols tell. The shim can stand in front of what the file imports. A file
 * that names /etc/resolv.conf, sends, and imports nobody's resolver has a resolver of its own.
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
