/* guard.c: see guard.h. */
#include "tools/common/guard.h"

#include <signal.h>

static struct guarded {
	struct table *table;
	_Atomic bool *over;
} guarded[GUARDED_MAX];
static size_t n_guarded;

/* mmap(2): zeros take the place of what is gone; async-signal-safe, since it is one system call. */
static void on_bus(int signal, siginfo_t *info, void *context)
{
	(void)context;
	for (size_t i = 0; i < n_guarded; i++) {
		struct table *t = guarded[i].table;
		const uintptr_t base = (uintptr_t)t->header, at = (uintptr_t)info->si_addr;
		if (base && at >= base && at - base < t->layout.size) {
			store_forget(t);
			*guarded[i].over = true;
			return;
		}
	}
	/* Not a table's: as without us, when the access is tried again. */
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigaction(signal, &plain, NULL);
}

bool guard_table(struct table *t, _Atomic bool *over)
{
	const struct sigaction sa = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	if (n_guarded == GUARDED_MAX)
		return false;
	guarded[n_guarded] = (struct guarded){t, over};
	n_guarded++;
	sigaction(SIGBUS, &sa, NULL);
	return true;
}
