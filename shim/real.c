/* real.c: binds the libc functions behind our hooks. See real.h. */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>

struct real real_functions;
_Atomic bool real_bound;

/* What stands in for a function that this libc does not have. */
static int missing(void)
{
	errno = ENOSYS;
	return -1;
}

/* Stored as an atomic, since another thread may be binding too, and reading what we wrote before it. */
static void bind_one(void *slot, const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f)
		f = (void *)missing;
	__atomic_store_n((void **)slot, f, __ATOMIC_RELAXED);
}

void real_bind(void)
{
#define X(name, type, args) bind_one(&real_functions.name, #name);
	REAL_SYMBOLS(X)
#undef X
	atomic_store_explicit(&real_bound, true, memory_order_release);
}
