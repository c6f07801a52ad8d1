/* libc.c: binds the libc functions behind our hooks. See libc.h. */
#include "shim/core/libc.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

struct real real_functions;
_Atomic bool real_bound;

/* What stands in for a function that this libc does not have. */
static int missing(void)
{
	errno = ENOSYS;
	return -1;
}

/* Before glibc 2.34 the resolver's functions had two underscores in front, in libresolv. */
static void *old_resolver(const char *name)
{
	char old[32] = "__";
	return dlsym(RTLD_NEXT, strncat(old, name, sizeof old - 3));
}

/* Stored as an atomic, since another thread may be binding too, and reading what we wrote before it. */
static void bind_one(void *slot, const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f && strncmp(name, "res_", 4) == 0)
		f = old_resolver(name);
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
