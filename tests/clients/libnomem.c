/*
 * libnomem: no memory, but for the shim alone. malloc, calloc and realloc fail
 * when their caller lies within libstickydns.so; all others get theirs.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static uintptr_t low, high;

static int find_shim(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	if (!strstr(info->dlpi_name, "libstickydns"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			high = low + info->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

__attribute__((constructor)) static void learn_where(void) { dl_iterate_phdr(find_shim, NULL); }

static bool denied(const void *caller)
{
	if ((uintptr_t)caller < low || (uintptr_t)caller >= high)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return denied(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return denied(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return denied(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
