/* tables.h: all tables of this machine: at the usual paths, of any layout, and those that processes hold. */
#ifndef STICKYDNS_TABLES_H
#define STICKYDNS_TABLES_H

#include <jansson.h>
#include <stdint.h>

#include "tools/common/cmd.h"
#include "tools/pinctl/holders.h"

struct table_seen {
	char path[PATH_MAX];		/* of a replaced one that of its successor, as its holders have it */
	dev_t device;			/* of the file */
	ino_t inode;
	enum store_status status;	/* as a program of this user would find it */
	uint32_t signature;		/* of its layout */
	bool gone;			/* replaced or deleted; somebody holds it still */
	size_t first, holders;		/* who: holders[first] and those behind */
};

struct tables {
	struct table_seen *table;
	size_t n;
	struct holder *holder;		/* by table */
	size_t n_holders;
};

/* DONE, or FAILED after one line. The caller frees it in any case. */
int tables_find(const struct context *c, struct tables *out);

/*
 * The files beside `path`, one of the usual paths, that have tables of other layouts, as builds of other versions made
 * them. Nothing for a path of another kind. DONE, or FAILED after one line.
 */
int tables_of_other_layouts(const struct context *c, const char *path, struct tables *out);

/* "2 processes: 12 (kamailio), 15 (baresip)", as far as there is room; "no process that this user may see". */
enum { HOLDERS_TEXT = 256 };
void tables_holders_text(const struct tables *all, const struct table_seen *t, char out[static HOLDERS_TEXT]);

/* "good", "of another layout", … */
const char *tables_state(const struct table_seen *t);

/* [{"path", "state", "processes"}]; the caller gives it away. */
json_t *tables_json(const struct tables *all);

void tables_free(struct tables *t);

#endif
