/*
 * memory.h: may these bytes be read?
 *
 * A program may pass any pointer, and EFAULT is the kernel's to return. Where
 * something has to be known before the kernel's own call is made, it is asked first.
 */
#ifndef STICKYDNS_MEMORY_H
#define STICKYDNS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Do they lie in our callers' frames? Those can be read, without asking. False says
 * nothing.
 */
static inline bool memory_near(const void *p, size_t len)
{
	enum { NEAR = 4096 };
	const uintptr_t first = (uintptr_t)p, here = (uintptr_t)__builtin_frame_address(0);
	return first > here && len < NEAR && first - here < NEAR - len;
}

/* How many of the bytes from p on can be read, `len` at most. One system call a page; errno is kept. */
size_t memory_asked(const void *p, size_t len);

/* Can all of them be read? */
static inline bool memory_readable(const void *p, size_t len)
{
	return memory_near(p, len) || memory_asked(p, len) == len;
}

#endif
