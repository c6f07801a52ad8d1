/*
 * tables.h: the tables that pinwatch serves, and the addresses in them.
 *
 * A table is opened when it is there, and again when it was replaced. One thread for each
 * table waits on its futex and keeps the map of watched addresses current. The table
 * carries a list of new addresses. All records are walked only when that list has run over,
 * or the table is new.
 *
 * Only one pinwatch serves a table: it holds a lock on the file (F_OFD_SETLK, fcntl(2)). A
 * process that may not write the file cannot take that lock.
 *
 * A table is untrusted. One that somebody truncates is given up (tables_guard).
 */
#ifndef STICKYDNS_PINWATCH_TABLES_H
#define STICKYDNS_PINWATCH_TABLES_H

#include <pthread.h>
#include <stdatomic.h>

#include "policy/wire/sip-transactions.h"
#include "policy/table/file.h"
#include "tools/common/guard.h"
#include "tools/pinwatch/probes.h"
#include "tools/pinwatch/watched.h"

enum { TABLES_MAX = GUARDED_MAX };

enum table_state {
	TABLE_ABSENT,			/* waited for */
	TABLE_SERVED,
	TABLE_BUSY,			/* another pinwatch serves it */
	TABLE_BAD,			/* status tells */
};

struct served {
	char path[TABLE_PATH];
	enum table_state state;
	enum store_status status;	/* of the last opening */
	struct table table;
	uint64_t netns;			/* cookie of its network namespace, read once */
	int lock;			/* fd; -1 */
	_Atomic bool over;		/* replaced or truncated: to be opened again */
	_Atomic uint32_t watched;	/* addresses in the map */
	_Atomic uint32_t refused;	/* that found no room in it */
	_Atomic bool stop;
	bool following;
	pthread_t follower;
	uint8_t (*at)[16];		/* the address in each slot, as it is in the map; zeros: none. The follower's. */
	struct transactions *requests;	/* over UDP */
};

struct tables {
	struct served served[TABLES_MAX];
	size_t n;
	const struct probes *probes;	/* who watch the addresses; NULL: nobody, none are followed */
	uint64_t netns;			/* our own, for tables that do not know theirs */
	bool look_only;			/* --dry-run: no lock, nothing is written */
	bool named;			/* on the command line: whosever they are */
};

/* False: too many, or the path is too long. */
bool tables_add(struct tables *t, const char *path);

/* Opens those that are not open, gives up those that are over. Cheap; called once a second. True: something changed. */
bool tables_look(struct tables *t);

/* Was one replaced since it was opened? A load for each. */
bool tables_retired(const struct tables *t);

void tables_close(struct tables *t);

/* Guard those in `t` (guard.h): once, when all were added. */
void tables_guard(struct tables *t);

/* "served", "no table there", "another pinwatch serves it" … */
const char *served_text(const struct served *s);

#endif
