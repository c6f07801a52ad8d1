/* names.h: all names of a table, in order: for list and --all. */
#ifndef STICKYDNS_NAMES_H
#define STICKYDNS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/common/cmd.h"

/* Canonical names, each a string of its own. */
struct names {
	char **name;
	size_t n, room;
};

/* Append a copy. False: no memory. */
bool names_add(struct names *l, const char *name);

/* All names of the table, sorted. DONE, or FAILED after one line. */
int names_of_table(const struct context *c, struct names *l);

/* All of `words` as canonical names, in their order. DONE, or MISUSED or FAILED after one line. */
int names_of_words(const struct context *c, char *const *words, size_t n, struct names *l);

/* HOST... | --all, as words: of the option 'a' and the arguments, in a parser for `usage`. */
struct wanted {
	bool all;
	char **host;
	size_t n;
};

error_t wanted_parse(int key, struct argp_state *state, struct wanted *w);

/*
 * The names a command is about: those words, or with --all those of the table; both
 * or neither is misuse. Opens the table in between, so that a bad word is found
 * before anything is touched. The caller frees `l` in any case.
 */
int names_wanted(struct context *c, enum access how, const struct wanted *w, struct names *l);

/* The record behind the i-th. False: it is gone. */
bool names_find(const struct context *c, const struct names *l, size_t i, struct name *name, struct name_ref *ref);

/* Sort `l`, and keep of each name one, if it is not in `old`. False: no memory. */
bool names_only_new(struct names *l, const struct names *old);

void names_free(struct names *l);

#endif
