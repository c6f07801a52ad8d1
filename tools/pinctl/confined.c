/* confined.c: see confined.h. */
#include "tools/pinctl/confined.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "tools/pinctl/holders.h"

static bool was_secure(pid_t pid)
{
	ElfW(auxv_t) entry;
	bool secure = false;
	FILE *f = proc_open(pid, "auxv");
	while (f && !secure && fread(&entry, sizeof entry, 1, f) == 1 && entry.a_type != AT_NULL)
		secure = entry.a_type == AT_SECURE && entry.a_un.a_val != 0;
	if (f)
		fclose(f);
	return secure;
}

/* Are these two files, which /proc/PID/WHAT and /proc/self/WHAT lead to? */
static bool differs(pid_t pid, const char *what)
{
	char theirs[64], ours[64];
	struct stat a, b;
	snprintf(theirs, sizeof theirs, "/proc/%d/%s", (int)pid, what);
	snprintf(ours, sizeof ours, "/proc/self/%s", what);
	return stat(theirs, &a) == 0 && stat(ours, &b) == 0 && (a.st_dev != b.st_dev || a.st_ino != b.st_ino);
}

static bool has_seccomp(pid_t pid)
{
	enum { FILTER = 2 };		/* proc_pid_status(5) */
	char line[256];
	int mode = 0;
	FILE *f = proc_open(pid, "status");
	while (f && fgets(line, sizeof line, f) && sscanf(line, "Seccomp: %d", &mode) != 1)
		;
	if (f)
		fclose(f);
	return mode == FILTER;
}

/* "0::/system.slice/kamailio.service", or below it: the last part that is a service. cgroups(7) */
static void find_unit(pid_t pid, char *out, size_t size)
{
	char line[PATH_MAX];
	FILE *f = proc_open(pid, "cgroup");
	while (f && fgets(line, sizeof line, f)) {
		char *save = NULL, *path = strchr(line, '/');
		for (char *part = path ? strtok_r(path, "/\n", &save) : NULL; part; part = strtok_r(NULL, "/\n", &save)) {
			const char *end = strstr(part, ".service");
			if (end && end[strlen(".service")] == '\0' && strlen(part) < size)
				strcpy(out, part);
		}
	}
	if (f)
		fclose(f);
}

void confined_of(pid_t pid, struct confined *out)
{
	*out = (struct confined){
		.secure = was_secure(pid),
		.container = differs(pid, "root/.") || differs(pid, "ns/pid"),
		.other_network = differs(pid, "ns/net"),
		.seccomp = has_seccomp(pid),
	};
	find_unit(pid, out->unit, sizeof out->unit);
}

static void there(pid_t pid, const char *path, char out[static PATH_MAX])
{
	snprintf(out, PATH_MAX, "/proc/%d/root%s", (int)pid, path);
}

bool confined_has(pid_t pid, const char *path)
{
	char file[PATH_MAX];
	struct stat st;
	there(pid, path, file);
	return stat(file, &st) == 0;
}

bool confined_reads_only(pid_t pid, const char *path)
{
	char file[PATH_MAX];
	struct statvfs fs;
	there(pid, path, file);
	return statvfs(file, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}
