/*
 * cmd-steer.c: pinwatch steer: redirects programs of a cgroup to the pins of a table.
 *
 * One thread: it waits on the table's futex and brings what changed into the kernel's map.
 * Descriptors hold the programs there. SIGTERM and SIGINT end this with exit 0. However it
 * ends, the cgroup's programs go on as without it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/table/journal.h"
#include "tools/common/cgroup.h"
#include "tools/common/format.h"
#include "tools/common/notify.h"
#include "tools/pinwatch/commands.h"
#include "tools/pinwatch/fill.h"
#include "tools/pinwatch/status.h"
#include "tools/pinwatch/steer.h"

enum { IDLE_MS = 100, BUSY_MS = 20, LOOK_MS = 1000, SLICE_US = 2000, AT_ONCE = 4096 };

struct words {
	const char *cgroup;
	bool dry_run, verbose;
};

enum { KEY_CGROUP = 0x2000, KEY_DRY_RUN };

static const struct argp_option options[] = {
	{"cgroup", KEY_CGROUP, "PATH", 0, "the cgroup, below the cgroup2 mount unless it begins with a slash; made if absent", 0},
	{"dry-run", KEY_DRY_RUN, NULL, 0, "say what would be steered where, and steer nothing", 0},
	{"verbose", 'v', NULL, 0, "say what is steered where", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct words *w = state->input;
	switch (key) {
	case KEY_CGROUP:
		if (w->cgroup)
			return misused(NULL, "steer: --cgroup: one only: %s", arg), EINVAL;
		w->cgroup = arg;
		return 0;
	case KEY_DRY_RUN: w->dry_run = true; return 0;
	case 'v': w->verbose = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct usage usage = {
	.args_doc = "--cgroup PATH",
	.doc = "What programs of the cgroup send to SIP servers goes to the pin, as it would under the shim: TCP connects, "
	       "and datagrams of unconnected sockets. For programs that no preload reaches: static, set-id, Go."
	       "\v`pinctl run --cgroup` starts a program there. Exit status: 0 told to end, 1 nothing could be steered, "
	       "2 usage. See pinwatch(8).",
	.options = options,
	.parser = parse,
};

struct steer {
	struct context *c;
	struct hold hold;
	bool dry_run;
	bool made;			/* the cgroup was not there */
	int status;
	char status_path[STATUS_PATH];
	struct tables tables;		/* one */
	struct table *table;		/* its table while it is served, else NULL */
	struct steering steering;
	struct entries entries;
	struct fill fill;
	uint64_t event, added;		/* the next ones */
	uint64_t looked_ms;
};

/* ---- the table ---- */

/* Nothing of the old one stays: its pins are no more. */
static void changed_over(struct steer *s)
{
	struct served *t = &s->tables.served[0];
	entries_clear(&s->entries);
	s->table = t->state == TABLE_SERVED ? &t->table : NULL;
	steering_leave_to_shim(&s->steering, s->table ? t->path : NULL);
	if (!s->table) {
		note(s->c, "%s: %s: nothing is steered", t->path, served_text(t));
		return;
	}
	s->entries.netns = t->netns;
	s->event = journal_next(s->table);
	s->added = addr_added(s->table);
	fill_begin(&s->fill, s->table, &s->entries);
}

/* The table that programs here use: the first that is there, else the first that may be. */
static bool usual_table(struct context *c, char out[static TABLE_PATH])
{
	char path[TABLE_PATH];
	struct stat st;
	bool own;
	for (unsigned n = 0; table_path(c, n, path, &own); n++)
		if (lstat(path, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()))	/* not what others put there */
			return memcpy(out, path, sizeof path), true;
	return table_path(c, 0, out, &own);
}

/* The system's table may come after the private one that stood in for it. True: another table than before. */
static bool change_table(struct steer *s)
{
	struct served *t = &s->tables.served[0];
	char path[TABLE_PATH], first[TABLE_PATH];
	bool own;
	if (s->tables.named || !usual_table(s->c, path) || !table_path(s->c, 0, first, &own) || strcmp(path, t->path) == 0 ||
	    (s->table && strcmp(path, first) != 0))
		return false;
	tables_close(&s->tables);
	s->table = NULL;
	t->state = TABLE_ABSENT;
	t->status = STORE_ABSENT;
	memcpy(t->path, path, sizeof path);
	return true;
}

/* ---- once a second ---- */

/* A table that comes, or was replaced or cut short; a cgroup that was made again. */
static void look(struct steer *s)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC) / NS_PER_MS;
	struct served *t = &s->tables.served[0];
	bool over = s->table && (t->over || store_retired(s->table)), first = s->looked_ms == 0;
	if (!over && !first && now - s->looked_ms < LOOK_MS)
		return;
	s->looked_ms = now;
	if (!s->dry_run)
		hold_look(&s->hold, &s->steering, s->c);
	over |= change_table(s);
	if (tables_look(&s->tables) || over || first)
		changed_over(s);
}

/* ---- following ---- */

/*
 * What happened since, so much of it at a time as a table holds that nobody tampers with. An event
 * that its writer did not finish is passed over; the next round has what it was about.
 */
static void follow_events(struct steer *s)
{
	struct event e;
	uint64_t lost = 0;
	if (s->event > journal_next(s->table))
		s->event = journal_next(s->table);
	for (int i = 0; i < AT_ONCE && s->event < journal_next(s->table); i++) {
		enum journal_status status = journal_read(s->table, &s->event, &e, &lost);
		if (status == JOURNAL_OK) {
			fill_event(&s->fill, &e);
			continue;
		}
		if (status == JOURNAL_NONE)
			s->event++;
		fill_anew(&s->fill);
	}
}

static void follow_addresses(struct steer *s)
{
	uint32_t slot;
	bool lost;
	for (int i = 0; i < AT_ONCE && addr_added_next(s->table, &s->added, &slot, &lost); i++) {
		if (lost)
			fill_anew(&s->fill);
		else
			fill_added(&s->fill, slot);
	}
}

static void rest(unsigned ms)
{
	const struct timespec ts = {.tv_nsec = (long)ms * 1000000};
	nanosleep(&ts, NULL);
}

static json_t *status_json(void *arg);

static void run(struct steer *s)
{
	while (!cmd_stopped) {
		look(s);
		status_give(s->status, status_json, s);
		if (!s->table) {
			rest(IDLE_MS);
			continue;
		}
		follow_events(s);
		follow_addresses(s);
		bool more = fill_slice(&s->fill, SLICE_US);
		if (!cmd_stopped && !(more && s->fill.hurry))
			journal_wait_added(s->table, s->event, s->added, more ? BUSY_MS : IDLE_MS);
	}
}

/* ---- what it says of itself ---- */

static json_t *table_json(const struct steer *s)
{
	const struct served *t = &s->tables.served[0];
	char path[TABLE_PATH];
	text_safe(t->path, path, sizeof path);
	return json_pack("[{s:s, s:s, s:b, s:I}]", "path", path, "state", served_text(t), "served", (int)(s->table != NULL),
			 "netns", (json_int_t)t->netns);
}

/* By whom, in words; null: by nobody. */
static json_t *held_json(const struct steer *s)
{
	char words[PATH_MAX], safe[PATH_MAX];
	if (s->hold.state != HOLD_LEFT)
		return json_null();
	holder_words(&s->steering.holder, words, sizeof words);
	text_safe(words, safe, sizeof safe);
	return json_string(safe);
}

static json_t *status_json(void *arg)
{
	const struct steer *s = arg;
	uint64_t connects, datagrams;
	char cgroup[PATH_MAX];
	text_safe(s->hold.cgroup, cgroup, sizeof cgroup);
	steering_counts(&s->steering, &connects, &datagrams);
	return json_pack("{s:I, s:b, s:s, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:b}", "pid", (json_int_t)getpid(), "dry_run",
			 (int)s->dry_run, "cgroup", cgroup, "gone", (int)(s->hold.state == HOLD_GONE), "held", held_json(s),
			 "tables", table_json(s), "endpoints", (json_int_t)s->entries.live, "connects", (json_int_t)connects, "datagrams", (json_int_t)datagrams,
			 "no_room", (json_int_t)s->entries.refused, "reads", (int)s->steering.reads);
}

/* ---- start and end ---- */

static int choose_table(struct steer *s)
{
	char path[TABLE_PATH];
	if (!usual_table(s->c, path))
		return complain(s->c, "no table");
	s->tables.named = s->c->table_arg != NULL;
	return tables_add(&s->tables, path) ? DONE : misused(s->c, "--table: path too long: %s", path);
}

static int take_cgroup(struct steer *s, const char *word)
{
	char by[PATH_MAX];
	if (!cgroup_path(word, s->hold.cgroup))
		return complain(s->c, "%s: there is no cgroup2 mount (cgroups(7))", word);
	if (!cgroup_make(s->hold.cgroup, &s->made))
		return complain(s->c, "%s: %s", s->hold.cgroup, cgroup_error(errno));
	if (s->dry_run)
		return DONE;
	if (cgroup_steered(s->hold.cgroup, by))
		return complain(s->c, "%s: another pinwatch steers it already", by);
	if (hold_take(&s->hold))
		return DONE;
	return complain(s->c, "%s: %s", s->hold.cgroup, errno == EBUSY ? "another pinwatch steers it already" : strerror(errno));
}

static const char *needs(int error)
{
	return error == EPERM || error == EACCES ? " (needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN)" : "";
}

static int refused(const struct steer *s)
{
	char words[PATH_MAX];
	if (!s->steering.holder.id)
		return complain(s->c, "%s: cannot be attached to %s: %s%s", s->steering.failed, s->hold.cgroup, strerror(errno),
				needs(errno));
	holder_words(&s->steering.holder, words, sizeof words);
	return complain(s->c, "%s: %s", s->hold.cgroup, words);
}

static int attach(struct steer *s)
{
	if (s->dry_run) {
		s->hold.fd = cgroup_open(s->hold.cgroup);
		return s->hold.fd != -1 && steering_held(&s->steering, s->hold.fd) ? refused(s) : DONE;
	}
	if (!steering_load(&s->steering))
		return complain(s->c, "the programs do not load: %s%s", strerror(errno), needs(errno));
	s->entries.map = steering_map(&s->steering);
	if (!steering_attach(&s->steering, s->hold.fd))
		return refused(s);
	if (!s->steering.reads)
		note(s->c, "what programs send cannot be read here: all datagrams go to the pin, those within a dialog too");
	return DONE;
}

/* A cgroup that was steered stays, for programs that come later; one that was made in vain does not. */
static void finish(struct steer *s, bool steered)
{
	steering_close(&s->steering);
	s->entries.map = -1;
	entries_clear(&s->entries);
	tables_close(&s->tables);
	status_close(s->status, s->status_path);
	hold_close(&s->hold);
	if (s->made && !steered)
		rmdir(s->hold.cgroup);
}

int cmd_steer(struct context *c, int argc, char **argv)
{
	static struct steer s = {
		.hold = {.lock = -1, .fd = -1}, .status = -1, .tables = {.look_only = true}, .entries = {.map = -1},
	};
	struct words w = {0};
	int status = cmd_parse(c, &usage, argc, argv, &w);
	if (status != DONE)
		return status;
	if (!w.cgroup)
		return misused(c, "--cgroup PATH is wanted");
	if (*w.cgroup == '\0' || *w.cgroup == '-')
		return misused(c, "--cgroup: no path: '%s'", w.cgroup);
	s.c = c;
	s.dry_run = w.dry_run;
	s.entries.verbose = w.verbose || w.dry_run;
	s.tables.netns = store_netns();
	cmd_stop_on_signals();
	status = choose_table(&s);
	if (status == DONE)
		status = take_cgroup(&s, w.cgroup);
	if (status == DONE)
		status = attach(&s);
	if (status == DONE) {
		tables_guard(&s.tables);
		s.status = status_open(s.status_path);
		look(&s);
		notify("READY=1");
		run(&s);
		notify("STOPPING=1");
	}
	finish(&s, status == DONE && !s.dry_run);
	return status;
}
