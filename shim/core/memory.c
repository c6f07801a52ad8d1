/* memory.c: see memory.h. */
#include "shim/core/memory.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "policy/table/layout.h"

struct memory_lasting memory_lasting = {.heap = UINTPTR_MAX};
static bool watched;			/* by valgrind(1), which complains of calls that are wrong, or given bytes never written */

/* ---- what lasts ---- */

/* The program's headers (auxiliary vector, getauxval(3)) say where its data lies. */
static void find_data(struct memory_lasting *m)
{
	const ElfW(Phdr) *h = (const ElfW(Phdr) *)getauxval(AT_PHDR), *self = NULL, *data = NULL;
	for (size_t n = h ? getauxval(AT_PHNUM) : 0; n > 0; n--, h++) {
		if (h->p_type == PT_PHDR)
			self = h;
		else if (h->p_type == PT_LOAD && (h->p_flags & (PF_R | PF_W)) == (PF_R | PF_W))
			data = h;
	}
	if (!self || !data)
		return;
	const uintptr_t moved = getauxval(AT_PHDR) - self->p_vaddr;
	m->data = moved + data->p_vaddr;
	m->data_end = m->data + data->p_memsz;
}

void memory_start(void)
{
	const char *preload = getenv("LD_PRELOAD");
	const intptr_t heap = (intptr_t)sbrk(0);
	find_data(&memory_lasting);
	if (heap != -1)
		memory_lasting.heap = (uintptr_t)heap;
	watched = preload && strstr(preload, "/vgpreload_core");
}

/* ---- asking ---- */

enum { SET = 8 };			/* bytes of the kernel's signal set */

/* To read one's own memory from outside is nothing that it looks at (process_vm_readv(2)). */
static bool ask_aside(uintptr_t at)
{
	char byte;
	const struct iovec to = {&byte, sizeof byte}, from = {(void *)at, sizeof byte};
	return !(process_vm_readv(getpid(), &to, 1, &from, 1, 0) == -1 && errno == EFAULT);
}

/*
 * A call with an impossible first argument that copies SET bytes in before it
 * refuses (sigprocmask(2)) tells; any program may make it, sealed ones too (seccomp(2)).
 */
static bool ask(uintptr_t at)
{
	if (watched)
		return ask_aside(at);
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
