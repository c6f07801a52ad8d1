/*
 * patient.c: see patient.h.
 *
 * proc(5) tells about a process. About a program the loader is asked (ld.so(8), --list),
 * which runs none of it. The loader is pinctl's own, not the one that the program names.
 */
#include "tools/pinctl/patient.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/table/layout.h"
#include "tools/common/format.h"
#include "tools/pinctl/reach.h"

#define SHIM "libstickydns.so"
#define DELETED " (deleted)"

void patient_free(struct patient *p)
{
	names_free(&p->objects);
	names_free(&p->environment);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool have(const struct names *l, const char *path)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->name[i], path) == 0)
			return true;
	return false;
}

static bool take_object(struct patient *p, const char *path)
{
	return *path != '/' || have(&p->objects, path) || names_add(&p->objects, path);
}

/* ---- a process ---- */

static FILE *proc_open(const struct patient *p, const char *what)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%lu/%s", p->pid, what);
	return fopen(path, "re");
}

/* "7f00-7f10 r-xp 00000000 00:1b 1234   /usr/lib/libc.so.6 (deleted)": proc_pid_maps(5) */
static bool take_mapping(struct patient *p, char *line)
{
	char range[64], mode[8], *file = strchr(line, '/');
	if (!file || sscanf(line, "%63s %7s", range, mode) != 2)
		return true;
	file[strcspn(file, "\n")] = '\0';
	char *gone = strstr(file, DELETED);
	if (gone)
		*gone = '\0';
	if (!strchr(mode, 'x'))
		return true;
	if (strncmp(base_of(file), SHIM, sizeof SHIM - 1) == 0)
		snprintf(p->shim, sizeof p->shim, "%s", file);
	return take_object(p, file);
}

static int read_maps(const struct context *c, struct patient *p)
{
	char *line = NULL;
	size_t size = 0;
	bool whole = true;
	FILE *f = proc_open(p, "maps");
	if (!f)
		return complain(c, "process %lu: %s", p->pid, errno == ENOENT ? "there is none" : strerror(errno));
	while (whole && (errno = 0, getline(&line, &size, f) != -1))
		whole = take_mapping(p, line);
	const int error = errno;
	free(line);
	fclose(f);
	if (!whole)
		return complain(c, "out of memory");
	if (!holder_of((pid_t)p->pid, &p->table))
		p->table.path[0] = '\0';
	return p->objects.n > 0 ? DONE : complain(c, "process %lu: %s", p->pid, error ? strerror(error) : "it runs no program");
}

/* The variables that the shim reads. One's own processes show theirs. */
static int read_environment(const struct context *c, struct patient *p)
{
	char *entry = NULL;
	size_t size = 0;
	bool whole = true;
	FILE *f = proc_open(p, "environ");
	while (f && whole && getdelim(&entry, &size, '\0', f) != -1)
		if (strncmp(entry, "STICKYDNS", 9) == 0)
			whole = names_add(&p->environment, entry);
	free(entry);
	if (f)
		fclose(f);
	return whole ? DONE : complain(c, "out of memory");
}

static int examine_process(const struct context *c, struct patient *p)
{
	char link[64], reason[REASON_TEXT], file[PATH_MAX];
	snprintf(p->root, sizeof p->root, "/proc/%lu/root", p->pid);
	int status = read_maps(c, p);
	if (status == DONE)
		status = read_environment(c, p);
	if (status != DONE)
		return status;
	snprintf(link, sizeof link, "/proc/%lu/exe", p->pid);
	ssize_t n = readlink(link, p->program, sizeof p->program - 1);
	p->program[n > 0 ? n : 0] = '\0';
	if (!p->shim[0] && reach_of(link, file, reason) == REACH_NOT)
		snprintf(p->trouble, sizeof p->trouble, "%s", reason);
	return DONE;
}

/* ---- a program ---- */

/* "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f...)" */
static bool take_library(struct patient *p, char *line)
{
	char *path = strchr(line, '/'), *end = path ? strstr(path, " (0x") : NULL;
	if (!end)
		return true;
	*end = '\0';
	return take_object(p, path);
}

static pid_t list_libraries(const char *file, int out)
{
	static char option[] = "--list", *environment[] = {NULL};
	Dl_info loader;
	pid_t pid = -1;
	posix_spawn_file_actions_t actions;
	char *words[] = {NULL, option, (char *)(uintptr_t)file, NULL};
	if (!dladdr((const void *)getauxval(AT_BASE), &loader) || !loader.dli_fname)
		return -1;
	words[0] = (char *)(uintptr_t)loader.dli_fname;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, loader.dli_fname, &actions, NULL, words, environment) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static bool take_libraries(struct patient *p)
{
	char *line = NULL;
	size_t size = 0;
	int ends[2];
	bool whole = take_object(p, p->program);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return whole;
	pid_t pid = list_libraries(p->program, ends[1]);
	close(ends[1]);
	FILE *f = fdopen(ends[0], "r");
	while (f && whole && getline(&line, &size, f) != -1)
		whole = take_library(p, line);
	free(line);
	if (f)
		fclose(f);
	else
		close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return whole;
}

static int examine_program(const struct context *c, const char *word, struct patient *p)
{
	char found[PATH_MAX] = "", reason[REASON_TEXT];
	switch (reach_of(word, found, reason)) {
	case REACH_ABSENT: return complain(c, "%s: no such program", word);
	case REACH_DENIED: return complain(c, "%s: not executable", word);
	case REACH_NOT: snprintf(p->trouble, sizeof p->trouble, "%s", reason); break;
	case REACHED: break;
	}
	if (!realpath(found, p->program))
		return complain(c, "%s: %s", found, strerror(errno));
	return take_libraries(p) ? DONE : complain(c, "out of memory");
}

int patient_examine(const struct context *c, const char *word, struct patient *p)
{
	uint32_t pid;
	*p = (struct patient){0};
	if (!number_parse(word, 1, INT32_MAX, &pid))
		return examine_program(c, word, p);
	p->pid = pid;
	return examine_process(c, p);
}
