/* cgroup.c: see cgroup.h. */
#include "cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * "36 35 98:0 / /mnt/x rw,noatime master:1 - cgroup2 cgroup2 rw": the fifth field is
 * where; the type stands behind the hyphen. Blanks in it come as \040.
 */
static bool line_is(char *line, char *out, size_t size)
{
	char *save, *word = strtok_r(line, " ", &save), *where = NULL;
	for (int i = 1; word; i++, word = strtok_r(NULL, " ", &save)) {
		if (i == 5)
			where = word;
		if (i > 5 && strcmp(word, "-") == 0)
			break;
	}
	const char *type = word ? strtok_r(NULL, " ", &save) : NULL;
	if (!where || !type || strcmp(type, "cgroup2") != 0 || strchr(where, '\\'))
		return false;
	return (size_t)snprintf(out, size, "%s", where) < size;
}

bool cgroup_mount(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (f && !found && getline(&line, &room, f) != -1)
		found = line_is(line, out, size);
	free(line);
	if (f)
		fclose(f);
	return found;
}
