/*
 * guard.h: keeps our own work apart from the program's.
 *
 * A lookup of ours calls into libc, which may call NSS modules, which may connect
 * and look up in turn; and a signal handler may do so in the middle of it. Such
 * calls pass through. The guard is the frame of the outermost call: a call from
 * deeper on the stack is inside it; one from further out proves that the guarded
 * call was left by siglongjmp(3), and takes the guard over.
 *
 * errno is saved on the way in and put back on the way out.
 */
#ifndef STICKYDNS_GUARD_H
#define STICKYDNS_GUARD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* initial-exec: the default model may allocate at a thread's first use, in a signal handler too. */
extern _Thread_local uintptr_t guard_frame __attribute__((tls_model("initial-exec")));

/* Is this call made from inside a guarded one? */
static inline bool guard_inside(uintptr_t frame) { return guard_frame != 0 && frame < guard_frame; }

#define GUARD_HERE ((uintptr_t)__builtin_frame_address(0))

static inline void guard_enter(uintptr_t frame) { guard_frame = frame; }
static inline void guard_leave(void) { guard_frame = 0; }

#endif
