/*
 * process.c: the shim's beginning and end, and the exported symbols that change the process.
 *
 * Any hook may be entered again at any point: by a signal handler, by an NSS module that libc
 * calls in the middle of a lookup, or after siglongjmp(3) left one half done. So nothing behind a
 * hook holds a lock, keeps state in thread-locals, or leaves anything unfinished that would harm
 * a second call.
 *
 * Each hook is a shell around a named function; symbols.h lists them. What only passes through
 * does so by a tail call, since work behind a system call costs more. The constructor binds libc
 * and attaches to the table. A call that comes before it (from another library's constructor)
 * passes through to libc.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "shim/core/export.h"
#include "shim/core/libc.h"
#include "shim/core/locked.h"
#include "shim/core/memory.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/waiting.h"
#include "shim/tcp/pending.h"

/* A child may look up what its parent sends to. */
static void before_fork(void)
{
	if (session_table_here())
		shared_need();
}

__attribute__((constructor)) static void start(void)
{
	int saved = errno;
	real_bind();
	memory_start();
	session_start();
	pthread_atfork(before_fork, NULL, NULL);
	errno = saved;
}

/* exit(3) of a program whose connects are in flight. */
__attribute__((destructor)) static void end(void)
{
	pending_end();
	waiting_end();
}

/* Behind the operation come four words, as the system call has them (prctl(2)). */
EXPORT int prctl(int operation, ...)
{
	unsigned long word[4];
	va_list ap;
	va_start(ap, operation);
	for (unsigned i = 0; i < 4; i++)
		word[i] = va_arg(ap, unsigned long);
	va_end(ap);
	session_prctl(operation);
	return real()->prctl(operation, word[0], word[1], word[2], word[3]);
}

EXPORT int mlockall(int flags)
{
	return locked_all(flags);
}
