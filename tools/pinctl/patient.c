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
#include <link.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
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
	if (strncmp(basename(file), SHIM, sizeof SHIM - 1) == 0)
		snprintf(p->shim, sizeof p->shim, "%s", file);
	return take_object(p, file);
}

static int read_maps(const struct context *c, struct patient *p)
{
	char *line = NULL;
	size_t size = 0;
	bool whole = true;
	FILE *f = proc_open((pid_t)p->pid, "maps");
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
	FILE *f = proc_open((pid_t)p->pid, "environ");
	while (f && whole && getdelim(&entry, &size, '\0', f) != -1)
		if (strncmp(entry, "STICKYDNS", 9) == 0)
			whole = names_add(&p->environment, entry);
		else if (strncmp(entry, "LD_PRELOAD=", 11) == 0)
			snprintf(p->preload, sizeof p->preload, "%s", entry + 11);
	free(entry);
	if (f)
		fclose(f);
	return whole ? DONE : complain(c, "out of memory");
}

/* Does the file at `path` begin with "#!"? */
static bool is_script(const char *path)
{
	char head[2] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const ssize_t n = fd == -1 ? -1 : pread(fd, head, sizeof head, 0);
	if (fd != -1)
		close(fd);
	return n == (ssize_t)sizeof head && memcmp(head, "#!", 2) == 0;
}

/* Programs that run what the first of their words that is no option names, "#!" or not. Java has it behind -jar. */
static bool is_interpreter(const char *name)
{
	static const char *const begin[] = {"python", "perl", "ruby", "node", "php", "lua", "java", "bash", "dash", "sh"};
	for (size_t i = 0; i < sizeof begin / sizeof *begin; i++) {
		const size_t n = strlen(begin[i]);
		if (strncmp(name, begin[i], n) == 0 && strspn(name + n, "0123456789.") == strlen(name + n))
			return true;
	}
	return false;
}

/* Its words, as /proc/PID/cmdline has them; the script is one of them, from its own working directory on. */
static void find_script(struct patient *p)
{
	char *word = NULL, path[2 * PATH_MAX];
	size_t size = 0;
	struct stat st;
	FILE *f = proc_open((pid_t)p->pid, "cmdline");
	const bool interpreter = is_interpreter(basename(p->program));
	for (int i = 0; f && !p->script[0] && getdelim(&word, &size, '\0', f) != -1; i++) {
		if (i == 0 || *word == '-' || *word == '\0')
			continue;
		snprintf(path, sizeof path, "/proc/%lu/%s%s%s", p->pid, *word == '/' ? "root" : "cwd", *word == '/' ? "" : "/", word);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (interpreter || is_script(path)))
			snprintf(p->script, sizeof p->script, "%s", word);
		else if (!interpreter)
			break;
	}
	free(word);
	if (f)
		fclose(f);
}

static int examine_process(const struct context *c, struct patient *p)
{
	char link[64];
	struct reached reached;
	snprintf(p->root, sizeof p->root, "/proc/%lu/root", p->pid);
	int status = read_maps(c, p);
	if (status == DONE)
		status = read_environment(c, p);
	if (status != DONE)
		return status;
	snprintf(link, sizeof link, "/proc/%lu/exe", p->pid);
	ssize_t n = readlink(link, p->program, sizeof p->program - 1);
	p->program[n > 0 ? n : 0] = '\0';
	find_script(p);
	if (!p->shim[0] && reach_of(link, &reached) == REACH_NOT)
		snprintf(p->trouble, sizeof p->trouble, "%s", reached.reason);
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

/* Java loads what looks names up by itself, from beside bin/java: ld.so does not know. */
static bool take_own(struct patient *p)
{
	char path[PATH_MAX];
	const char *end = strstr(p->program, "/bin/java");
	if (!end || end[strlen("/bin/java")])
		return true;
	if (snprintf(path, sizeof path, "%.*s/lib/libnet.so", (int)(end - p->program), p->program) >= (int)sizeof path)
		return true;
	return access(path, R_OK) == -1 || take_object(p, path);
}

static int examine_program(const struct context *c, const char *word, struct patient *p)
{
	struct reached reached;
	switch (reach_of(word, &reached)) {
	case REACH_ABSENT: return complain(c, "%s: no such program", word);
	case REACH_DENIED: return complain(c, "%s: not executable", word);
	case REACH_NOT: snprintf(p->trouble, sizeof p->trouble, "%s", reached.reason); break;
	case REACHED: break;
	}
	if (!realpath(reached.file, p->program))
		return complain(c, "%s: %s", reached.file, strerror(errno));
	memcpy(p->script, reached.script, sizeof p->script);
	return take_libraries(p) && take_own(p) ? DONE : complain(c, "out of memory");
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
