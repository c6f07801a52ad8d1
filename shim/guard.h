/*
 * guard.h: keeps our own work apart from the program's.
 *
 * A lookup of ours calls into libc, which may call NSS modules, which may connect
 * and look up in turn; and a signal handler may do so in the middle of it. Such
 * calls pass through. The guard is the frame of the outermost call: a call from
 * deeper on the stack is inside it; one from further out proves that the guarded
 * call was left by siglongjmp(3), and takes the guard over. So does a call from
 * deeper if the mark that the guarded call left in its frame was written over.
 *
 * errno is saved on the way in and put back on the way out.
 */
#ifndef STICKYDNS_GUARD_H
#define STICKYDNS_GUARD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lies in the frame of the guarded call. */
struct guard {
	volatile uintptr_t mark;
};

enum { GUARD_REACH = 256 * 1024 };	/* deeper than libc and its NSS modules go; no further is the mark looked for */

/* initial-exec: the default model may allocate at a thread's first use, in a signal handler too. */
extern _Thread_local struct guard *guard_current __attribute__((tls_model("initial-exec")));

static inline uintptr_t guard_mark(const struct guard *g) { return (uintptr_t)g ^ (uintptr_t)0x5ca1ab1e0ddba11u; }

/* Is this call made from inside a guarded one? */
static inline bool guard_inside(void)
{
	const struct guard *g = guard_current;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	return g && (uintptr_t)g > here && (uintptr_t)g - here < GUARD_REACH && g->mark == guard_mark(g);
}

static inline void guard_enter(struct guard *g)
{
	g->mark = guard_mark(g);
	guard_current = g;
}

static inline void guard_leave(struct guard *g)
{
	guard_current = NULL;
	g->mark = 0;
}

#endif
