/*
 * memory.h: may these bytes be read?
 *
 * A program may pass any pointer, and only the kernel may return EFAULT. If something has to
 * be known before the kernel's own call, the kernel is asked first whether it can be read.
 */
#ifndef STICKYDNS_MEMORY_H
#define STICKYDNS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "shim/core/export.h"

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

/* Finds out what lasts. Once, from the constructor. */
void memory_start(void);

extern HIDDEN struct memory_lasting {
	uintptr_t data, data_end;	/* the program's own variables */
	uintptr_t heap;			/* brk(2)'s memory begins here, or earlier */
} memory_lasting;

/*
 * Do they lie in the program's variables, or its heap (brk(2), up to where libc says
 * that it ends)? Those are there as long as the program says so: nobody unmaps, or
 * protects against reading, the middle of them. False says nothing. No system call.
 */
static inline bool memory_lasts(const void *p, size_t len)
{
	const uintptr_t first = (uintptr_t)p, last = first + len;
	if (last < first)
		return false;
	if (first >= memory_lasting.data && last <= memory_lasting.data_end)
		return true;
	return first >= memory_lasting.heap && last <= (uintptr_t)sbrk(0);	/* 0: asks nobody */
}

/* How many of the bytes from p on can be read, `len` at most. One system call a page; errno is kept. */
size_t memory_asked(const void *p, size_t len);

/* Can all of them be read? */
static inline bool memory_readable(const void *p, size_t len)
{
	return memory_near(p, len) || memory_lasts(p, len) || memory_asked(p, len) == len;
}

#endif
