/* memory.c: which bytes can be read, with and without a question to the kernel. */
#include "shim/core/memory.h"
#include "tests/unit/check.h"

#include <sys/mman.h>

enum { BYTES = 16, PAGE_BYTES = 4096 };

static char initialised[BYTES] = "data", zeros[BYTES];

static void variables(void)
{
	check_row("the program's own variables last");
	check_true("initialised", memory_lasts(initialised, BYTES));
	check_true("zeros", memory_lasts(zeros, BYTES));
	check_true("not what is behind them", !memory_lasts((char *)memory_lasting.data_end - 1, 2));
	check_true("not what is before them", !memory_lasts((char *)memory_lasting.data - 1, 2));
}

static void heap(void)
{
	check_row("the heap lasts as far as it goes");
	char *p = sbrk(2 * PAGE_BYTES);
	check_true("there is a heap", p != (char *)-1);
	check_true("its first bytes", memory_lasts(p, BYTES));
	check_true("its last ones", memory_lasts((char *)sbrk(0) - BYTES, BYTES));
	check_true("none behind them", !memory_lasts((char *)sbrk(0) - BYTES, BYTES + 1));
	check_true("it shrinks", sbrk(-2 * PAGE_BYTES) != (void *)-1);
	check_true("what it gave back does not last", !memory_lasts(p, BYTES));
	check_true("what goes round the end of all memory", !memory_lasts(p - 1, SIZE_MAX));
}

static void mapped(void)
{
	check_row("of mappings the kernel is asked");
	char *p = mmap(NULL, 3 * PAGE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check_true("mapped", p != MAP_FAILED && mprotect(p + 2 * PAGE_BYTES, PAGE_BYTES, PROT_NONE) == 0);
	check_true("they may go", !memory_lasts(p, BYTES));
	check_true("those that can be read", memory_readable(p, 2 * PAGE_BYTES));
	check_true("not beyond", !memory_readable(p, 2 * PAGE_BYTES + 1));
	check_number("up to there", 2 * PAGE_BYTES, memory_asked(p, 3 * PAGE_BYTES));
	munmap(p, 3 * PAGE_BYTES);
	check_true("nor what is gone", !memory_readable(p, BYTES));
	check_true("nor nothing", !memory_readable(NULL, BYTES));
}

int main(void)
{
	memory_start();
	variables();
	heap();
	mapped();
	return check_done();
}
