/*
 * reach.h: can a preloaded library reach a program? And where is the shim?
 *
 * The dynamic loader reads LD_PRELOAD, so a program without a loader is out of reach. The
 * loader ignores it if the kernel gives the program more rights than the caller has
 * (ld.so(8), "secure-execution mode"). Scripts are followed to their interpreter.
 */
#ifndef STICKYDNS_REACH_H
#define STICKYDNS_REACH_H

#include <limits.h>
#include <stddef.h>

#include "tools/common/cmd.h"

enum { REASON_TEXT = PATH_MAX + 128 };

enum reach {
	REACHED,			/* or nothing is known against it */
	REACH_ABSENT,			/* no such program: a shell's 127 */
	REACH_DENIED,			/* there, but not executable: 126 */
	REACH_NOT,
};

struct reached {
	char file[PATH_MAX];		/* what is run, of a script its interpreter, also behind /usr/bin/env */
	char script[PATH_MAX];		/* the script; "" */
	char reason[REASON_TEXT];	/* why a preload does not reach it; "" */
};

/* Would execvp(3) of `command` run something that a preload reaches? */
enum reach reach_of(const char *command, struct reached *out);

/*
 * Does the file give rights that who starts it may not have: "is set-uid", "is set-gid", "has file capabilities"? Then no
 * preload reaches it when such a one does, though it may for the caller. NULL: none.
 */
const char *reach_raises_rights(const char *path);

/* What AddressSanitizer wants in ASAN_OPTIONS where a library is preloaded, as the shim is (asan_flags.inc of LLVM). */
#define ASAN_ADMITS "verify_asan_link_order=0"

/* $STICKYDNS_LIB, or the one beside pinctl, or the installed one. DONE, or FAILED after one line. */
int shim_find(const struct context *c, char out[static PATH_MAX]);

#endif
