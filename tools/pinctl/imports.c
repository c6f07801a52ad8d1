/* imports.c: see imports.h. The file is untrusted: sizes are checked, sections are copied. */
#include "tools/pinctl/imports.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
