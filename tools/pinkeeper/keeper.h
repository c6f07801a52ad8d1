/*
 * keeper.h: what the duties of pinkeeper share: the loop, the table, the settings.
 *
 * One thread runs the loop (libuv), and everything in this room but the wait for the journal runs in it. No
 * duty waits for anything else than the loop. Each duty is a file and a struct duty; pinkeeper.c lists them.
 */
#ifndef STICKYDNS_KEEPER_H
#define STICKYDNS_KEEPER_H

#include <uv.h>

#include "policy/table/journal.h"
#include "tools/common/cmd.h"
#include "tools/common/conf-keeper.h"
#include "tools/pinkeeper/exposition.h"

struct keeper;

/* Every callback but start() may be NULL. */
struct duty {
	const char *name;

	/* Once, before the loop runs. False, after one line: pinkeeper goes on without this duty. */
	bool (*start)(struct keeper *k);

	/* A table was opened, the first or one in place of another: what was known of the old one is void. */
	void (*attached)(struct keeper *k);

	/* The table is gone: it may not be touched until the next attached(). */
	void (*detached)(struct keeper *k);

	/* An event of the journal, in order. */
	void (*event)(struct keeper *k, const struct event *e);

	/* So many events were overwritten before they were read. */
	void (*lost)(struct keeper *k, uint64_t n);

	/* Its own numbers, at each scrape of Prometheus. */
	void (*expose)(struct keeper *k, struct exposition *x);

	/* At the end. Closes what the duty has in the loop. */
	void (*stop)(struct keeper *k);
};

enum { DUTIES_MAX = 8 };

struct keeper {
	uv_loop_t *loop;
	struct keeper_conf conf;
	struct context c;		/* the table is c.table, while `attached` */
	bool attached;
	const struct duty *duties[DUTIES_MAX + 1];	/* that started, in the order in which they hear of things; then NULL */
};

#endif
