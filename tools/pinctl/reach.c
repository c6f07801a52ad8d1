/* reach.c: can a preloaded library reach a program? See reach.h. */
#include "tools/pinctl/reach.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>


enum { SCRIPTS_MAX = 5, HEAD = 256 };	/* execve(2): an interpreter may be a script, so often */

/* ---- which file ---- */

static enum reach file_state(const char *path)
{
	struct stat st;
	if (stat(path, &st) == -1)
		return errno == EACCES ? REACH_DENIED : REACH_ABSENT;
	return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? REACHED : REACH_DENIED;
}

/* As execvp(3): a word with a slash is a path, else $PATH is searched; what is not executable is passed over. */
static enum reach find_program(const char *command, char path[static PATH_MAX])
{
	char standard[256] = "/bin:/usr/bin";
	enum reach best = REACH_ABSENT;
	confstr(_CS_PATH, standard, sizeof standard);
	if (strchr(command, '/') || *command == '\0') {
		snprintf(path, PATH_MAX, "%s", command);
		return *command ? file_state(command) : REACH_ABSENT;
	}
	const char *dirs = getenv("PATH") ? getenv("PATH") : standard;
	for (const char *p = dirs;; p++) {
		size_t len = strcspn(p, ":");
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, p, len ? "/" : "./", command) < PATH_MAX) {
			enum reach r = file_state(path);
			if (r == REACHED)
				return r;
			if (r == REACH_DENIED)
				best = r;
		}
		p += len;
		if (*p == '\0')
			return best;
	}
}

/* ---- more rights than the caller ---- */

/* set-user-ID and set-group-ID bits and capabilities say nothing on nosuid mounts and under no_new_privs. */
static bool rights_ignored(const char *path)
{
	struct statvfs fs;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID));
}

const char *reach_raises_rights(const char *path)
{
	struct stat st;
	if (stat(path, &st) == -1 || rights_ignored(path))
		return NULL;
	if (st.st_mode & S_ISUID)
		return "is set-uid";
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP))
		return "is set-gid";
	return getxattr(path, "security.capability", NULL, 0) > 0 ? "has file capabilities (as good as set-id)" : NULL;
}

/* More than the caller has. */
static const char *more_rights(const char *path)
{
	struct stat st;
	const char *raises = reach_raises_rights(path);
	if (!raises || stat(path, &st) == -1)
		return NULL;
	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		return "is set-uid";
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getgid())
		return "is set-gid";
	return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0 ? "has file capabilities (as good as set-id)" : NULL;
}

/* ---- what kind of file ---- */

/* "#!/usr/bin/env -S LANG=C python3 -u": the program that env(1) runs. False: it runs none. */
static bool behind_env(const char *words, char out[static PATH_MAX])
{
	char word[HEAD];
	for (const char *p = words;; p += strlen(word)) {
		p += strspn(p, " \t");
		snprintf(word, sizeof word, "%.*s", (int)strcspn(p, " \t\n"), p);
		if (*word == '\0')
			return false;
		if (*word != '-' && !strchr(word, '='))
			return find_program(word, out) == REACHED;
	}
}

/* "/bin/sh -e" of "#!/bin/sh -e": only the path. */
static void script_interpreter(const char *head, char out[static PATH_MAX])
{
	const char *p = head + 2 + strspn(head + 2, " \t");
	const size_t len = strcspn(p, " \t\n");
	snprintf(out, PATH_MAX, "%.*s", (int)len, p);
	if (strcmp(basename(out), "env") == 0 && !behind_env(p + len, out))
		snprintf(out, PATH_MAX, "%.*s", (int)len, p);
}

/* Programs of this machine and word size are those that our library can be mapped into. */
static const char *elf_trouble(int fd)
{
	ElfW(Ehdr) e;
	ElfW(Phdr) ph;
	char loader[PATH_MAX] = "";
	if (pread(fd, &e, sizeof e, 0) != (ssize_t)sizeof e)
		return "is cut short";
	if (e.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return sizeof(void *) == 8 ? "is a 32-bit program" : "is a 64-bit program";
	for (unsigned i = 0; i < e.e_phnum; i++) {
		if (e.e_phentsize != sizeof ph ||
		    pread(fd, &ph, sizeof ph, (off_t)(e.e_phoff + i * sizeof ph)) != (ssize_t)sizeof ph)
			return "is cut short";
		if (ph.p_type != PT_INTERP)
			continue;
		if (pread(fd, loader, sizeof loader - 1, (off_t)ph.p_offset) <= 0)
			return "is cut short";
		return strstr(loader, "/ld-musl-") ? "uses musl, not glibc" : NULL;
	}
	return "is static";
}

/* Why the loader of the file at `path` takes no preload; NULL: it does, or it is a script and *next interprets it. */
static const char *trouble_of(const char *path, char next[static PATH_MAX])
{
	char head[HEAD + 1] = "";
	const char *trouble = NULL;
	next[0] = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return NULL;		/* executable but not readable: nothing is known against it */
	ssize_t n = pread(fd, head, HEAD, 0);
	if (n >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		trouble = elf_trouble(fd);
	else if (n >= 2 && memcmp(head, "#!", 2) == 0)
		script_interpreter(head, next);
	else
		strcpy(next, "/bin/sh");	/* execvp(3), after ENOEXEC */
	close(fd);
	return trouble;
}

enum reach reach_of(const char *command, struct reached *out)
{
	char next[PATH_MAX];
	*out = (struct reached){0};
	enum reach r = find_program(command, out->file);
	for (int i = 0; r == REACHED && i < SCRIPTS_MAX; i++) {
		const char *trouble = trouble_of(out->file, next);
		if (!trouble && next[0] == '\0')
			trouble = more_rights(out->file);	/* of a script: ignored by the kernel */
		if (trouble) {
			snprintf(out->reason, REASON_TEXT, "%s %s: LD_PRELOAD cannot reach it", out->file, trouble);
			return REACH_NOT;
		}
		if (next[0] == '\0')
			return REACHED;
		if (i == 0)
			memcpy(out->script, out->file, sizeof out->script);
		strcpy(out->file, next);
	}
	return r;
}

/* ---- where the shim is ---- */

#define SHIM "libstickydns.so"
#ifndef LIBDIR
#define LIBDIR "/usr/local/lib"
#endif

/* Where it was built, or installed: PREFIX/bin and PREFIX/lib, whatever PREFIX is. */
static bool beside_pinctl(char out[static PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n == -1)
		return false;
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return (snprintf(out, PATH_MAX, "%s/" SHIM, self) < PATH_MAX && access(out, R_OK) == 0) ||
	       (snprintf(out, PATH_MAX, "%s/../lib/" SHIM, self) < PATH_MAX && access(out, R_OK) == 0);
}

int shim_find(const struct context *c, char out[static PATH_MAX])
{
	char found[PATH_MAX];
	const char *env = secure_getenv("STICKYDNS_LIB");
	if (env && *env)
		snprintf(found, sizeof found, "%s", env);
	else if (!beside_pinctl(found))
		snprintf(found, sizeof found, "%s/" SHIM, LIBDIR);
	if (!realpath(found, out) || access(out, R_OK) == -1)
		return complain(c, "no shim: %s: %s", found, strerror(errno));
	/* ld.so(8) separates the list by both and knows no quoting. */
	return strpbrk(out, ": ") ? complain(c, "the path of the shim must have no space and no colon: %s", out) : DONE;
}
