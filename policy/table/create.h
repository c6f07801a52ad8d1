/*
 * create.h: making the table's file, and replacing one.
 */
#ifndef STICKYDNS_CREATE_H
#define STICKYDNS_CREATE_H

#include "policy/table/file.h"

/*
 * Make a table of `names` names at `path` under a temporary name, reserve its
 * pages, and link it into place. STORE_EXISTS if there is one by then.
 *
 * `replace` (NULL: it must not): an existing one gives way and is marked retired. If it is in use, as store_open has
 * it, `replace` puts what it knows into the new one: before the new one has the name, and, with `published`, again
 * after the old one was marked, for what came in between.
 */
typedef void store_replace(struct table *to, const struct table *from, bool published);

enum store_status store_create(const char *path, uint32_t names, mode_t mode, gid_t group, store_replace *replace);

/* The new table is to be empty. */
static inline void store_empty(struct table *to, const struct table *from, bool published)
{
	(void)to, (void)from, (void)published;
}

#endif
