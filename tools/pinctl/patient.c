/*
 * patient.c: see patient.h.
 *
 * proc(5) tells about a process. About a program the loader is asked (ld.so(8), --list),
 * which runs none of it. The loader is pinctl's own, not the one that the program names.
 */
#include "tools/pinctl/patient.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <stddef.h>
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

/* ---- by which ways an ELF file looks up names. It is untrusted: sizes are checked, sections are copied. ---- */

struct elf {
	int fd;
	size_t size;			/* of the file */
	size_t n;
	ElfW(Shdr) *sections;
	char *names;			/* of the sections */
	size_t names_size;
};

const char *resolver_text(enum resolver r)
{
	static const char *const text[RESOLVERS] = {
		[BY_LIBC] = "getaddrinfo",  [BY_RES] = "res_query",	 [BY_CARES] = "c-ares",
		[BY_LIBRARY] = "a library", [BY_PACKETS] = "own packets", [BY_GO] = "Go's own",
	};
	return r < RESOLVERS ? text[r] : "?";
}

/* ---- the file ---- */

/* A copy with a NUL behind it. NULL: it is not all there, or there is no memory. */
static void *copy(const struct elf *f, size_t at, size_t size)
{
	if (at > f->size || size > f->size - at)
		return NULL;
	char *bytes = malloc(size + 1);
	if (!bytes)
		return NULL;
	if (pread(f->fd, bytes, size, (off_t)at) != (ssize_t)size)
		return free(bytes), NULL;
	bytes[size] = '\0';
	return bytes;
}

static void *section_copy(const struct elf *f, const ElfW(Shdr) *s)
{
	return s->sh_type == SHT_NOBITS ? NULL : copy(f, s->sh_offset, s->sh_size);
}

static bool elf_open(const char *path, struct elf *f)
{
	ElfW(Ehdr) e;
	struct stat st;
	*f = (struct elf){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	if (f->fd == -1 || fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	f->size = (size_t)st.st_size;
	if (pread(f->fd, &e, sizeof e, 0) != (ssize_t)sizeof e || memcmp(e.e_ident, ELFMAG, SELFMAG) != 0 ||
	    e.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) || e.e_shentsize != sizeof *f->sections)
		return false;
	f->n = e.e_shnum;
	f->sections = copy(f, e.e_shoff, f->n * sizeof *f->sections);
	if (f->sections && e.e_shstrndx < f->n) {
		f->names_size = f->sections[e.e_shstrndx].sh_size;
		f->names = section_copy(f, &f->sections[e.e_shstrndx]);
	}
	return f->sections != NULL;
}

static void elf_close(struct elf *f)
{
	free(f->sections);
	free(f->names);
	if (f->fd != -1)
		close(f->fd);
}

/* ---- what it imports ---- */

static const struct {
	const char *symbol;		/* closing with *: what begins so */
	enum resolver by;
} known[] = {
	{"getaddrinfo*", BY_LIBC},   {"gethostbyname*", BY_LIBC}, {"res_query*", BY_RES},      {"res_search", BY_RES},
	{"res_send", BY_RES},	     {"res_nquery*", BY_RES},	  {"res_nsearch", BY_RES},     {"res_nsend", BY_RES},
	{"ares_*", BY_CARES},	     {"ub_resolve*", BY_LIBRARY}, {"ldns_resolver*", BY_LIBRARY},
	{"getdns_*", BY_LIBRARY},    {"dns_resolve*", BY_LIBRARY}, {"dns_submit*", BY_LIBRARY},
};

static bool is(const char *pattern, const char *symbol)
{
	const size_t n = strcspn(pattern, "*");
	return pattern[n] ? strncmp(pattern, symbol, n) == 0 : strcmp(pattern, symbol) == 0;
}

/* Fortified and old names are those behind their underscores. */
static void note_symbol(const char *symbol, struct imports *out, bool *sends)
{
	symbol += strspn(symbol, "_");
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (is(known[i].symbol, symbol))
			out->by[known[i].by] = true;
	*sends |= is("sendto", symbol) || is("sendmsg", symbol) || is("sendmmsg", symbol) || is("send", symbol);
}

static void note_symbols(const struct elf *f, const ElfW(Shdr) *s, struct imports *out, bool *sends)
{
	const ElfW(Shdr) *names = s->sh_link < f->n ? &f->sections[s->sh_link] : NULL;
	ElfW(Sym) *symbols = section_copy(f, s);
	char *text = names ? section_copy(f, names) : NULL;
	for (size_t i = 0; symbols && text && i < s->sh_size / sizeof *symbols; i++)
		if (symbols[i].st_shndx == SHN_UNDEF && symbols[i].st_name < names->sh_size)
			note_symbol(text + symbols[i].st_name, out, sends);
	free(symbols);
	free(text);
}

static bool names_resolv_conf(const struct elf *f, const ElfW(Shdr) *s)
{
	static const char path[] = "/etc/resolv.conf";
	void *bytes = section_copy(f, s);
	const bool found = bytes && memmem(bytes, s->sh_size, path, sizeof path - 1);
	free(bytes);
	return found;
}

static bool is_section(const struct elf *f, const ElfW(Shdr) *s, const char *name)
{
	return f->names && s->sh_name < f->names_size && strcmp(f->names + s->sh_name, name) == 0;
}

bool imports_of(const char *path, struct imports *out)
{
	struct elf f;
	bool sends = false, conf = false;
	*out = (struct imports){0};
	const bool readable = elf_open(path, &f);
	for (size_t i = 0; readable && i < f.n; i++) {
		const ElfW(Shdr) *s = &f.sections[i];
		out->by[BY_GO] |= is_section(&f, s, ".go.buildinfo");
		if (s->sh_type == SHT_DYNSYM)
			note_symbols(&f, s, out, &sends);
		else if (s->sh_type == SHT_PROGBITS && !(s->sh_flags & (SHF_EXECINSTR | SHF_WRITE)) && (s->sh_flags & SHF_ALLOC))
			conf = conf || names_resolv_conf(&f, s);
	}
	out->by[BY_PACKETS] = conf && sends && !out->by[BY_RES] && !out->by[BY_CARES] && !out->by[BY_LIBRARY];
	elf_close(&f);
	return readable;
}
