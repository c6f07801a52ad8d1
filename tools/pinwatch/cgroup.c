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

/* "0::/user.slice": cgroups(7). False: there is none. */
static bool own_path(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (f && !found && getline(&line, &room, f) != -1) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "0::", 3) == 0 && (size_t)snprintf(out, size, "%s", line + 3) < size;
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

bool cgroup_has_us(const char *directory)
{
	char mount[256], path[256];
	if (!cgroup_mount(mount, sizeof mount) || !own_path(path, sizeof path) ||
	    strncmp(directory, mount, strlen(mount)) != 0)
		return true;
	const char *below = directory + strlen(mount);
	size_t len = strlen(below);
	while (len > 0 && below[len - 1] == '/')
		len--;
	return strncmp(path, below, len) == 0 && (len == 0 || path[len] == '/' || path[len] == '\0');
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
