/* files.h: a path for a table that is nobody's, and what opening it yields, as text. */
#ifndef STICKYDNS_FILES_H
#define STICKYDNS_FILES_H

#include <sys/stat.h>

#include "tests/unit/check.h"
#include "tests/unit/lab.h"

static const char *const statuses[] = {
	[STORE_OK] = "ok",		  [STORE_ABSENT] = "absent",   [STORE_DENIED] = "denied",
	[STORE_NOT_REGULAR] = "irregular", [STORE_OWNER] = "owner",	[STORE_WORLD_WRITABLE] = "world-writable",
	[STORE_SHORT] = "short",	  [STORE_NO_TABLE] = "no table", [STORE_VERSION] = "version",
	[STORE_STALE] = "stale",	  [STORE_RETIRED] = "retired", [STORE_FOREIGN] = "foreign",
	[STORE_FULL] = "full",		  [STORE_EXISTS] = "exists",   [STORE_SYSTEM] = "system",
};

static char path[TABLE_PATH];

static inline enum store_status make(uint32_t names) { return store_create(path, names, 0600, (gid_t)-1, NULL); }

static inline void make_directory(void) { mkdir(path, 0700); }

/* A file of text, longer than a header. */
static inline void make_text(void)
{
	FILE *f = fopen(path, "w");
	if (!f)
		err(2, "%s", path);
	for (int i = 0; i < 5000; i++)
		fputc('x', f);
	fclose(f);
}

/* Opens, closes, says. */
static inline const char *opened(void)
{
	struct table t;
	enum store_status s = store_open(path, &t);
	store_close(&t);
	return statuses[s];
}

/* How many files there are whose paths begin so. */
static inline unsigned files_like(const char *prefix)
{
	char command[TABLE_PATH + 32], line[16] = "0";
	snprintf(command, sizeof command, "ls -d %s* 2>/dev/null | wc -l", prefix);
	FILE *p = popen(command, "r");
	if (!p || !fgets(line, sizeof line, p))
		line[0] = '0';
	if (p)
		pclose(p);
	return (unsigned)atoi(line);
}

/* Takes away what was made at the path, and what a link there led to. */
static inline void clean(void)
{
	char to[TABLE_PATH + 8];
	snprintf(to, sizeof to, "%s.real", path);
	unlink(to);
	if (unlink(path) == -1)
		rmdir(path);
}

#endif
