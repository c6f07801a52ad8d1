/* chunks.c: see chunks.h. */
#include "shim/core/chunks.h"

#include <errno.h>
#include <sys/mman.h>

void *chunk_make(chunk *c, size_t size)
{
	const int saved = errno;
	void *none = NULL, *made = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errno = saved;
	if (made == MAP_FAILED)
		return chunk_at(c);
	if (atomic_compare_exchange_strong_explicit(c, &none, made, memory_order_acq_rel, memory_order_acquire))
		return made;
	munmap(made, size);		/* another thread was first */
	return none;
}
