/* shared.c: see shared.h. */
#include "shim/core/shared.h"

#include <sys/mman.h>

struct shared *shared;

void shared_start(void)
{
	void *at = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared = at == MAP_FAILED ? NULL : at;
}

size_t shared_size(void) { return shared ? sizeof *shared : 0; }

void shared_let_go(void)
{
	if (shared)
		munmap(shared, sizeof *shared);
	shared = NULL;
}

void shared_unlock(void)
{
	if (shared)
		munlock(shared, sizeof *shared);
}
