/* session.c: attaching to the table, and this process's own lookups. See session.h. */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "environment.h"
#include "hot.h"
#include "tell.h"
#include "tick.h"
#include "undisturbed.h"

enum {
	TABLES = 16,			/* mappings kept: the present one, the one before, and empty ones */
	RETRY_TICKS = TICKS_PER_S / 4,	/* between two tries to attach again */
};

_Atomic(struct table *) session_current;

static struct table tables[TABLES];
static unsigned attached;		/* how many so far; changed by whoever is `attaching` */
static _Atomic pid_t attaching;		/* the process of which a thread is; 0: nobody */
static word32 attached_at;		/* tick of the last try */

/* The environment, copied: programs overwrite theirs. */
static char table_env[TABLE_PATH];
static char patterns[ENVIRONMENT_NAMES];

static char comm[COMM_BYTES];		/* as it was started: a sealed program may not ask later */

/* ---- attaching ---- */

static bool usable(struct table *t, const char *path)
{
	enum store_status s = store_open(path, t);
	if (s == STORE_OK)
		return true;
	store_close(t);
	return false;
}

/* Makes the table at `path`. One left by an earlier boot gives way to one of its size. */
static bool make(struct table *t, const char *path)
{
	enum store_status s = store_open(path, t);
	bool stale = s == STORE_STALE && t->writable;
	uint32_t names = stale ? t->names_capacity : TABLE_NAMES_OWN;
	store_close(t);
	if (s != STORE_ABSENT && !stale)
		return false;
	store_create(path, names, 0600, (gid_t)-1, stale);
	return usable(t, path);
}

/* The first that is there, else the first that can be made: all programs of a user find the same. */
static bool find(struct table *t)
{
	char path[TABLE_PATH];
	bool own;
	for (int making = 0; making < 2; making++)
		for (unsigned n = 0; store_path(n, table_env, geteuid(), path, &own); n++)
			if (making ? own && make(t, path) : usable(t, path))
				return true;
	return false;
}

static uint32_t own_pid(void) { return (uint32_t)session_pid(); }

static struct table *attach(void)
{
	struct table *t = &tables[attached % TABLES];
	store_close(t);			/* replaced TABLES times since, and empty for long */
	if (!find(t))
		return NULL;
	t->origin = ORIGIN_SHIM;
	t->pid = own_pid;
	t->comm = comm;
	t->observer = tell_event;
	if (attached++ > 1)		/* the last one may still be read, the one before it hardly: it reads as zeros */
		store_forget(&tables[(attached - 3) % TABLES]);
	return t;
}

/* One thread at a time. A child that was forked meanwhile has not got that thread: it takes over what was its parent's. */
static bool attach_enter(void)
{
	const pid_t me = session_pid();
	pid_t who = 0;
	return atomic_compare_exchange_strong(&attaching, &who, me) ||
	       (who != me && atomic_compare_exchange_strong(&attaching, &who, me));
}

/* The table, if nobody has attached to another one meanwhile. */
static struct table *attach_again(void)
{
	struct table *t = atomic_load_explicit(&session_current, memory_order_acquire);
	const struct undisturbed u = undisturbed_begin();
	if (attach_enter()) {
		put32(&attached_at, tick_now());
		t = atomic_load_explicit(&session_current, memory_order_acquire);
		if (store_retired(t))
			t = attach();
		if (t)
			atomic_store_explicit(&session_current, t, memory_order_release);
		atomic_store(&attaching, 0);
	}
	undisturbed_end(&u);
	return t && !store_retired(t) ? t : NULL;
}

struct table *session_again(void)
{
	int saved = errno;
	const bool due = tick_since(tick_now(), get32(&attached_at)) >= RETRY_TICKS;
	struct table *t = due ? attach_again() : NULL;
	errno = saved;
	return t;
}

/* ---- what the tables weigh (locked.h) ---- */

size_t session_size(void)
{
	size_t size = 0;
	for (unsigned i = 0; i < TABLES; i++)
		size += tables[i].layout.size;
	return size;
}

/* Without a present one nobody attaches again. */
void session_let_go(void)
{
	atomic_store_explicit(&session_current, NULL, memory_order_release);
	for (unsigned i = 0; i < TABLES; i++)
		store_close(&tables[i]);
}

void session_unlock(void)
{
	const struct table *t = atomic_load_explicit(&session_current, memory_order_acquire);
	if (t)
		munlock(t->header, t->layout.size);
}

/* ---- who we are ---- */

static _Atomic pid_t *pid_page;		/* the kernel empties it in a child (MADV_WIPEONFORK, madvise(2)) */

static void pid_start(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || madvise(page, PAGE, MADV_WIPEONFORK) == -1)
		return;
	pid_page = page;
	atomic_store_explicit(pid_page, getpid(), memory_order_relaxed);
}

HOT pid_t session_pid(void)
{
	pid_t pid = pid_page ? atomic_load_explicit(pid_page, memory_order_relaxed) : 0;
	if (pid)
		return pid;
	pid = getpid();
	if (pid_page)
		atomic_store_explicit(pid_page, pid, memory_order_relaxed);
	return pid;
}

/* ---- at the start ---- */

/* False: it does not fit, and a part of it would mean something else. */
static bool copy_env(char *to, size_t size, const char *name)
{
	const char *value = getenv(name);
	if (!value)
		return true;
	if (strlen(value) >= size)
		return false;
	strcpy(to, value);
	return true;
}

void session_start(void)
{
	const char *off = getenv("STICKYDNS");
	if (getauxval(AT_SECURE) || switches_off(off))
		return;
	if (!copy_env(table_env, sizeof table_env, "STICKYDNS_TABLE") ||
	    !copy_env(patterns, sizeof patterns, "STICKYDNS_NAMES"))
		return;
	now_start();
	prctl(PR_GET_NAME, comm);
	log_start();
	pid_start();
	atomic_store_explicit(&session_current, attach(), memory_order_release);
}

/* ---- whose names ---- */

bool session_chooses(void) { return patterns[0] != '\0'; }

bool session_wants(const struct name *n)
{
	static const char separators[] = ", \t";
	if (!patterns[0])
		return true;
	for (const char *p = patterns + strspn(patterns, separators); *p; p += strspn(p, separators)) {
		size_t len = strcspn(p, separators);
		if (name_match(p, len, n))
			return true;
		p += len;
	}
	return false;
}

/* ---- recent lookups ---- */

/* Two words that may be read torn: then the key does not fit the slot, and the entry counts as out of date. */
static struct {
	word64 key;
	word64 place;			/* slot 32 | tick 32 */
} recent[RECENT];
static _Atomic unsigned recent_next;

void recent_note(struct name_ref ref)
{
	uint32_t now = tick_now();
	uint64_t place = (uint64_t)ref.slot << 32 | now;
	unsigned i;
	for (i = 0; i < RECENT; i++)
		if (get64(&recent[i].key) == ref.key && get64(&recent[i].place) >> 32 == ref.slot)
			break;
	if (i == RECENT)
		i = atomic_fetch_add_explicit(&recent_next, 1, memory_order_relaxed) % RECENT;
	put64(&recent[i].key, ref.key);
	put64(&recent[i].place, place);
}

unsigned recent_count(void) { return atomic_load_explicit(&recent_next, memory_order_relaxed); }

size_t recent_names(struct name_ref out[static RECENT])
{
	uint32_t now = tick_now();
	unsigned used = atomic_load_explicit(&recent_next, memory_order_relaxed);
	size_t n = 0;
	for (unsigned i = 0; i < RECENT && i < used; i++) {
		uint64_t place = get64(&recent[i].place);
		if (tick_within(now, (uint32_t)place, RECENT_S))
			out[n++] = (struct name_ref){(uint32_t)(place >> 32), get64(&recent[i].key)};
	}
	return n;
}

static _Atomic bool services;		/* one was looked up */

void recent_note_service(struct name_ref ref)
{
	atomic_store_explicit(&services, true, memory_order_relaxed);
	recent_note(ref);
}

bool recent_target(const struct table *t, const struct name *n)
{
	struct name_ref names[RECENT];
	return atomic_load_explicit(&services, memory_order_relaxed) && pins_is_target(t, n, names, recent_names(names));
}
