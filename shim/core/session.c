/* session.c: attaching to the table, and this process's own lookups. See session.h. */
#include "shim/core/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/base/environment.h"
#include "policy/base/hash.h"
#include "policy/base/hot.h"
#include "policy/pins/history.h"
#include "policy/pins/service.h"
#include "policy/pins/takeover.h"
#include "policy/table/create.h"
#include "policy/table/effective.h"
#include "shim/core/log.h"
#include "shim/core/probes.h"
#include "shim/core/undisturbed.h"

enum {
	TABLES = 16,			/* mappings kept: the present one, the one before, and empty ones */
	RETRY_TICKS = TICKS_PER_S / 4,	/* after one that was replaced, and nothing usable is there yet */
	GROW_TICKS = 60 * TICKS_PER_S,	/* a private table was to grow; had it no room, then not sooner again */
	GROWING_TICKS = 5 * TICKS_PER_S,	/* another process is at it */
};

_Atomic(struct table *) session_current;

static struct table tables[TABLES];
static unsigned attached;		/* how many so far; changed by whoever is `attaching` */
static _Atomic pid_t attaching;		/* the process of which a thread is; 0: nobody */
static bool wanted;			/* not switched off */
static uid_t user;			/* who began: whose private table it is */
static bool is_own;			/* the present one may be made by any program */
static char present_path[TABLE_PATH];
static word32 failed_at, looked_at, grown_at;	/* ticks: nothing usable was there; another one was looked for; see grow() */
static _Atomic bool sealed;

/* The environment, copied: programs overwrite theirs. */
static char table_env[TABLE_PATH];
static char patterns[ENVIRONMENT_NAMES];

static char comm[COMM_BYTES];		/* as it was started: a sealed program may not ask later */

/* ---- attaching ---- */

/* While it is opened it may be replaced, once more: then the path leads to another one. */
static bool usable(struct table *t, const char *path)
{
	for (int tries = 0; tries < 4; tries++) {
		const enum store_status s = store_open(path, t);
		if (s == STORE_OK)
			return true;
		store_close(t);
		if (s != STORE_RETIRED)
			break;
	}
	return false;
}

/*
 * Makes the table at `path`. One left by an earlier boot, or by programs that went over to the system's, gives way to
 * one of its size.
 */
static bool make(struct table *t, const char *path)
{
	enum store_status s = store_open(path, t);
	bool left = (s == STORE_STALE || s == STORE_RETIRED) && t->writable;
	uint32_t names = left ? t->names_capacity : TABLE_NAMES_OWN;
	store_close(t);
	if (s != STORE_ABSENT && !left)
		return false;
	store_create(path, names, 0600, (gid_t)-1, left ? store_empty : NULL);
	return usable(t, path);
}

/* Does the process have a table that nothing took the place of? */
static bool has_table(const struct table *old) { return old && !store_retired(old); }

bool session_is_sealed(void) { return atomic_load_explicit(&sealed, memory_order_relaxed); }

/* A process that has changed its user since stays with the private table that it had, as long as that is in use. */
static uid_t whose(const struct table *old) { return has_table(old) ? user : geteuid(); }

/* The first that is there, else the first that can be made: all programs of a user find the same. */
static bool find(struct table *t, const struct table *old, char path[static TABLE_PATH], bool *own)
{
	for (int making = 0; making < (has_table(old) ? 1 : 2); making++)
		for (unsigned n = 0; store_path(n, table_env, whose(old), path, own); n++)
			if (making ? *own && make(t, path) : usable(t, path))
				return true;
	return false;
}

static uint32_t own_pid(void) { return (uint32_t)session_pid(); }

/* A sealed program may not ask: another one will. */
static bool lives(uint32_t pid) { return session_is_sealed() || store_process_lives(pid); }

/*
 * Takes along what the old table knows, which nothing took the place of. A private table is left by all processes then,
 * also by those that look nothing up.
 */
static void move_from(struct table *old, struct table *t)
{
	if (t->writable)
		pins_take_over(t, old);
	if (is_own && old->writable)
		publish32(&old->header->retired, 1);
}

/* The observer of the journal (struct table). errno may change. */
static void observe(const struct table *t, const struct event *e)
{
	if (log_wanted())
		log_event(t, e);
	probe_event(t, e);
}

/* The table that is to be used: another one than `old`, that itself, or NULL. */
static struct table *attach(struct table *old)
{
	char path[TABLE_PATH];
	bool own;
	struct table *t = &tables[attached % TABLES];
	store_close(t);			/* replaced TABLES times since, and empty for long */
	if (!find(t, old, path, &own))
		return NULL;
	if (old && t->device == old->device && t->inode == old->inode) {
		store_close(t);
		return old;
	}
	t->origin = ORIGIN_SHIM;
	t->pid = own_pid;
	t->lives = lives;
	t->comm = comm;
	t->observer = observe;
	if (has_table(old))
		move_from(old, t);
	is_own = own;
	memcpy(present_path, path, sizeof path);
	if (attached++ > 1)		/* the last one may still be read, the one before it hardly: it reads as zeros */
		store_forget(&tables[(attached - 3) % TABLES]);
	return t;
}

/* Is there another file than the present one, at a path that goes before its own, or in its place? */
static bool leads_elsewhere(const struct table *t)
{
	char path[TABLE_PATH];
	bool own;
	struct stat st;
	for (unsigned n = 0; store_path(n, table_env, whose(t), path, &own); n++)
		if (stat(path, &st) == 0)
			return !t || st.st_dev != t->device || st.st_ino != t->inode;
	return false;
}

/* ---- growing ---- */

static bool failed_to_grow(void)
{
	const uint32_t then = get32(&grown_at);
	return then && tick_since(tick_now(), then) < GROW_TICKS;
}

/* Is it full, so that soon something has to be forgotten? */
static bool is_crowded(const struct table *t)
{
	return is_own && t->names_capacity < TABLE_NAMES_DEFAULT && !session_is_sealed() &&
	       (get32(&t->header->used_names) >= t->names_capacity || get32(&t->header->used_addrs) >= t->addrs_capacity) &&
	       !failed_to_grow();
}

/* One that programs made for themselves. People choose the size of theirs. */
static bool may_grow(const struct table *t)
{
	struct stat st;
	uint32_t names = TABLE_NAMES_OWN;
	while (names < t->names_capacity)
		names *= 2;
	return t->writable && names == t->names_capacity && stat(present_path, &st) == 0 && st.st_ino == t->inode &&
	       st.st_uid == geteuid() && !(st.st_mode & 077);
}

static void take_place(struct table *to, const struct table *from, bool published)
{
	history_take(to, from, published, CAUSE_FULL);
	pins_take_place(to, from, published);
}

/* Another one of twice the size takes its place, and takes all of it over; all programs of the user follow. One makes it. */
static void grow(const struct table *t)
{
	const uint32_t now = tick_now(), begun = get32(&t->header->growing);
	if (!may_grow(t)) {
		put32(&grown_at, now);
		return;
	}
	if ((begun && tick_since(now, begun) < GROWING_TICKS) || !cas32(&t->header->growing, begun, now))
		return;
	if (store_create(present_path, 2 * t->names_capacity, 0600, (gid_t)-1, take_place) != STORE_OK)
		put32(&grown_at, now);
}

/* ---- again ---- */

/* One thread at a time. A child that was forked meanwhile has not got that thread: it takes over what was its parent's. */
static bool attach_enter(void)
{
	const pid_t me = session_pid();
	pid_t who = 0;
	return atomic_compare_exchange_strong(&attaching, &who, me) ||
	       (who != me && atomic_compare_exchange_strong(&attaching, &who, me));
}

/* The table, after a look for another one. */
static struct table *attach_again(void)
{
	int saved = errno;
	const struct undisturbed u = undisturbed_begin();
	if (attach_enter()) {
		struct table *old = atomic_load_explicit(&session_current, memory_order_acquire);
		if (old && !store_retired(old) && is_crowded(old))
			grow(old);
		struct table *t = (old && store_retired(old)) || leads_elsewhere(old) ? attach(old) : NULL;
		if (t)
			atomic_store_explicit(&session_current, t, memory_order_release);
		else if (old && store_retired(old))
			put32(&failed_at, tick_now());
		atomic_store(&attaching, 0);
	}
	undisturbed_end(&u);
	errno = saved;
	struct table *t = atomic_load_explicit(&session_current, memory_order_acquire);
	return t && !store_retired(t) ? t : NULL;
}

static bool failed_just_now(void)
{
	const uint32_t then = get32(&failed_at);
	return then && tick_since(tick_now(), then) < RETRY_TICKS;
}

struct table *session_again(void) { return wanted && !session_is_sealed() && !failed_just_now() ? attach_again() : NULL; }

struct table *session_table(void)
{
	struct table *t = atomic_load_explicit(&session_current, memory_order_acquire);
	const bool retired = t && store_retired(t);
	const uint32_t now = tick_now();
	if (!wanted || (retired && (session_is_sealed() || failed_just_now())))
		return NULL;
	if (session_is_sealed() || (!retired && tick_since(now, get32(&looked_at)) < TICKS_PER_S && !(t && is_crowded(t))))
		return t;
	put32(&looked_at, now);
	return attach_again();
}

void session_prctl(int operation)
{
	if (operation == PR_SET_SECCOMP || operation == PR_SET_NO_NEW_PRIVS)
		atomic_store_explicit(&sealed, true, memory_order_relaxed);
}

bool dns_port(uint16_t port)
{
	const struct table *t = port == DNS_PORT ? NULL : session_table_here();
	return port == DNS_PORT || (t && settings_dns_port(t, port));
}

/* ---- what the tables weigh (locked.h) ---- */

size_t session_size(void)
{
	size_t size = 0;
	for (unsigned i = 0; i < TABLES; i++)
		size += tables[i].layout.size;
	return size;
}

void session_let_go(void)
{
	wanted = false;
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
	wanted = true;
	user = geteuid();
	put32(&looked_at, tick_now());
	atomic_store_explicit(&session_current, attach(NULL), memory_order_release);
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

enum { ASKED_BITS = 1 << 16 };
static word64 asked[ASKED_BITS / 64];	/* a bit for each name, by its key */

static uint32_t asked_bit(struct name_ref ref) { return hash_slot(ref.key * UINT64_C(0x9e3779b97f4a7c15), ASKED_BITS); }

bool recent_asked(struct name_ref ref)
{
	const uint32_t bit = asked_bit(ref);
	return (get64(&asked[bit / 64]) >> bit % 64 & 1) != 0;
}

void recent_note(struct name_ref ref)
{
	const uint32_t bit = asked_bit(ref);
	if (!recent_asked(ref))
		atomic_fetch_or_explicit(&asked[bit / 64], UINT64_C(1) << bit % 64, memory_order_relaxed);
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
