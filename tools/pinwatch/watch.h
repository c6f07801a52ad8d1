/*
 * watch.h: watches until told to end: for `pinwatch`, which serves the tables, and `pinwatch trace`, which only looks.
 */
#ifndef STICKYDNS_PINWATCH_WATCH_H
#define STICKYDNS_PINWATCH_WATCH_H

#include "tools/common/cmd.h"
#include "tools/pinwatch/report.h"
#include "tools/pinwatch/spaces.h"

/* What to watch, as the words say. */
struct watch_words {
	const char *table[TABLES_MAX];
	size_t tables;
	const char *netns[SPACES_MAX];
	size_t spaces;
	const char *cgroup;
	uint32_t idle_s;		/* datagrams.h; 0: as usual */
	bool dry_run, verbose;
};

/* The options that the commands which watch share: rows for an option table, and their parser. */
enum { KEY_NETNS = 0x2000, KEY_CGROUP, KEY_IDLE };

#define WATCH_OPTIONS                                                                                                \
	{"netns", KEY_NETNS, "PATH", 0, "hear ICMP errors in this network namespace too; may be given again", 0},     \
	{"cgroup", KEY_CGROUP, "PATH", 0,                                                                            \
	 "see datagrams of this cgroup only, below the cgroup2 mount unless it begins with a slash; none: of none", 0}, \
	{"idle", KEY_IDLE, "SECONDS", 0, "go on looking at packets for so many seconds after the last datagram to a server (7200)", 0}

error_t watch_word(int key, char *arg, struct watch_words *w);

/* Another table; the same twice is one. */
error_t watch_table(char *arg, struct watch_words *w);

/* Who only looks on. */
struct observer {
	void (*event)(const struct watch_event *e, const struct endpoint *to, struct finding v);	/* report.h */
	void (*lost)(uint64_t n);	/* events, since the last time */
	int (*due)(void);		/* called before each wait: at most so many ms, -1 for ever, or OBSERVER_ENDS */
	void (*end)(void);		/* before the tables are closed */
};
enum { OBSERVER_ENDS = -2 };

/*
 * Watch until told to end. Without an observer this is the pinwatch that serves the
 * tables; with one it gives no sign of itself to others, and *tables is where the
 * observer finds them, before its first call. Returns the exit status.
 */
int watch_run(struct context *c, const struct watch_words *words, const struct observer *observer,
	      const struct tables **tables);

#endif
