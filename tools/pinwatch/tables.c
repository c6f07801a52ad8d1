/* tables.c: see tables.h; follow.c keeps the addresses. */
#include "policy/table/journal.h"
#include "tools/pinwatch/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/table/file.h"
#include "tools/pinwatch/follow.h"

bool tables_add(struct tables *t, const char *path)
{
	struct served *s = &t->served[t->n];
	if (t->n == TABLES_MAX || snprintf(s->path, sizeof s->path, "%s", path) >= (int)sizeof s->path)
		return false;
	s->lock = -1;
	s->status = STORE_ABSENT;
	t->n++;
	return true;
}

/* ---- one table ---- */

/* False: another pinwatch has it. A file that may only be read cannot be locked, and is not written either. */
static bool take_lock(struct served *s)
{
	const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	s->lock = open(s->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	return s->lock == -1 || fcntl(s->lock, F_OFD_SETLK, &whole) == 0;
}

static void let_go(struct tables *t, struct served *s)
{
	follow_stop(t, s);
	store_close(&s->table);
	if (s->lock != -1)
		close(s->lock);
	s->lock = -1;
	free(s->requests);
	s->requests = NULL;
	s->over = false;
}

static enum table_state serve(struct tables *t, struct served *s)
{
	s->status = t->named ? store_open_named(s->path, &s->table) : store_open(s->path, &s->table);
	if (s->status == STORE_ABSENT)
		return TABLE_ABSENT;
	/* Of another network namespace is fine: those are watched too. */
	if (s->status != STORE_OK && s->status != STORE_FOREIGN)
		return TABLE_BAD;
	if (!t->look_only && !take_lock(s))
		return TABLE_BUSY;
	s->netns = get64(&s->table.header->netns);
	s->netns = s->netns ? s->netns : t->netns;
	s->table.origin = ORIGIN_PINWATCH;
	s->requests = calloc(1, sizeof *s->requests);
	if (!s->requests || !follow_start(t, s)) {
		errno = ENOMEM;
		s->status = STORE_SYSTEM;
		return TABLE_BAD;
	}
	return TABLE_SERVED;
}

static bool look(struct tables *t, struct served *s)
{
	enum table_state before = s->state;
	enum store_status was = s->status;
	bool over = s->state == TABLE_SERVED && (s->over || store_retired(&s->table));
	if (s->state == TABLE_SERVED && !over)
		return false;
	let_go(t, s);
	s->state = serve(t, s);
	if (s->state != TABLE_SERVED)
		let_go(t, s);
	return over || s->state != before || s->status != was;
}

bool tables_look(struct tables *t)
{
	bool changed = false;
	for (size_t i = 0; i < t->n; i++)
		changed |= look(t, &t->served[i]);
	return changed;
}

bool tables_retired(const struct tables *t)
{
	bool retired = false;
	for (size_t i = 0; i < t->n; i++)
		retired |= t->served[i].state == TABLE_SERVED && store_retired(&t->served[i].table);
	return retired;
}

void tables_close(struct tables *t)
{
	for (size_t i = 0; i < t->n; i++)
		let_go(t, &t->served[i]);
}

const char *served_text(const struct served *s)
{
	switch (s->state) {
	case TABLE_SERVED: return s->table.writable ? "served" : "may only be read: nothing is reported into it";
	case TABLE_BUSY: return "another pinwatch serves it";
	case TABLE_ABSENT:
	case TABLE_BAD: break;
	}
	return store_status_text(s->status);
}

/* ---- tables that shrink ---- */

static struct tables *guarded;

/* mmap(2): zeros take the place of what is gone; async-signal-safe, since it is one system call. */
static void on_bus(int signal, siginfo_t *info, void *context)
{
	(void)context;
	for (size_t i = 0; i < guarded->n; i++) {
		struct served *s = &guarded->served[i];
		uintptr_t base = (uintptr_t)s->table.header, at = (uintptr_t)info->si_addr;
		if (base && at >= base && at - base < s->table.layout.size) {
			store_forget(&s->table);
			s->over = true;
			return;
		}
	}
	/* Not a table's: as without us, when the access is tried again. */
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigaction(signal, &plain, NULL);
}

void tables_guard(struct tables *t)
{
	const struct sigaction sa = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	guarded = t;
	sigaction(SIGBUS, &sa, NULL);
}
