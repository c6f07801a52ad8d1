/* memory.c: see memory.h. */
#include "memory.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layout.h"

enum { SET = 8 };			/* bytes of the kernel's signal set */

/*
 * A call with an impossible first argument that copies SET bytes in before it
 * refuses (sigprocmask(2)) tells.
 */
static bool ask(uintptr_t at)
{
	return !(syscall(SYS_rt_sigprocmask, -1, at, NULL, SET) == -1 && errno == EFAULT);
}

size_t memory_asked(const void *p, size_t len)
{
	const uintptr_t first = (uintptr_t)p, last = first + len;
	uintptr_t good = first;		/* up to here */
	int saved = errno;
	if (!p || last < first)
		return 0;
	while (good < last) {
		const uintptr_t page = (good / PAGE + 1) * PAGE;
		/* Any SET bytes of a page tell for all of it. */
		if (!ask(good < page - SET ? good : page - SET))
			break;
		good = page < last ? page : last;
	}
	errno = saved;
	return good - first;
}
