/* shared.c: see shared.h. */
#include "shim/core/shared.h"

#include <string.h>
#include <sys/mman.h>

enum { PARTS = 4 };

static struct part {
	void *slot, *at;
	size_t size;
} parts[PARTS];

/* A pointer is copied by its bytes, since the slot's own type is not known here. */
static void point(void *slot, void *at) { memcpy(slot, &at, sizeof at); }

void shared_make(void *slot, size_t size)
{
	struct part *p = parts;
	while (p < parts + PARTS && p->at)
		p++;
	if (p == parts + PARTS)
		return;
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return;
	*p = (struct part){slot, at, size};
	point(slot, at);
}

size_t shared_size(void)
{
	size_t size = 0;
	for (size_t i = 0; i < PARTS; i++)
		size += parts[i].size;
	return size;
}

void shared_let_go(void)
{
	for (struct part *p = parts; p < parts + PARTS; p++) {
		if (!p->at)
			continue;
		point(p->slot, NULL);
		munmap(p->at, p->size);
		*p = (struct part){0};
	}
}

void shared_unlock(void)
{
	for (size_t i = 0; i < PARTS; i++)
		if (parts[i].at)
			munlock(parts[i].at, parts[i].size);
}
