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
	char script[PATH_MAX];		/* that it interprets, as a process names it; "" */
	char root[64];			/* before paths: another process may have another root directory */
	char trouble[PATH_MAX + 128];	/* why a preload does not reach it; "" */
	struct names objects;		/* shared libraries and the program */
	char shim[PATH_MAX];		/* as it is mapped; "" */
	struct holder table;		/* that it holds; path "": none */
	struct names environment;	/* STICKYDNS*=... of a process */
	char preload[PATH_MAX];		/* LD_PRELOAD of a process; "" */
};

/* `word`: a process id, or a program as execvp(3) finds it. DONE, or FAILED after one line. patient_free() in any case. */
int patient_examine(const struct context *c, const char *word, struct patient *p);

void patient_free(struct patient *p);

#endif
