/* shared.c: see shared.h. */
#include "shim/core/shared.h"

#include <errno.h>
#include <sys/mman.h>

#include "shim/core/session.h"

struct shared *shared;
static bool given_back;

/* Another thread may be at it, too: one piece stays. */
void shared_make(void)
{
	const int saved = errno;
	struct shared *none = NULL;
	if (given_back || session_is_sealed())
		return;
	void *at = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at != MAP_FAILED &&
	    !__atomic_compare_exchange_n(&shared, &none, at, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		munmap(at, sizeof *shared);
	errno = saved;
}

size_t shared_size(void) { return shared ? sizeof *shared : 0; }

void shared_let_go(void)
{
	if (shared)
		munmap(shared, sizeof *shared);
	shared = NULL;
	given_back = true;
}

void shared_unlock(void)
{
	if (shared)
		munlock(shared, sizeof *shared);
}
