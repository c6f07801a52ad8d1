/* names.c: lists of names. See names.h. */
#include "tools/common/names.h"

#include <stdlib.h>
#include <string.h>

bool names_add(struct names *l, const char *name)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		char **more = reallocarray(l->name, room, sizeof *more);
		if (!more)
			return false;
		l->name = more;
		l->room = room;
	}
	l->name[l->n] = strdup(name);
	if (!l->name[l->n])
		return false;
	l->n++;
	return true;
}

void names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
	*l = (struct names){0};
}

static int by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

int names_of_table(const struct context *c, struct names *l)
{
	uint32_t cursor = 0;
	struct name_ref ref;
	struct name name;
	while (table_next(&c->table, &cursor, &ref, &name))
		if (!names_add(l, name.text))
			return complain(c, "out of memory");
	if (l->n > 0)
		qsort(l->name, l->n, sizeof *l->name, by_text);
	return DONE;
}

int names_of_words(const struct context *c, char *const *words, size_t n, struct names *l)
{
	for (size_t i = 0; i < n; i++) {
		struct name name;
		int status = host_parse(c, words[i], &name);
		if (status != DONE)
			return status;
		if (!names_add(l, name.text))
			return complain(c, "out of memory");
	}
	return DONE;
}

error_t wanted_parse(int key, struct argp_state *state, struct wanted *w)
{
	switch (key) {
	case 'a':
		w->all = true;
		return 0;
	case ARGP_KEY_ARGS:
		w->host = state->argv + state->next;
		w->n = (size_t)(state->argc - state->next);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int names_wanted(struct context *c, enum access how, const struct wanted *w, struct names *l)
{
	if (w->all && w->n > 0)
		return misused(c, "either --all or names: %s", w->host[0]);
	if (!w->all && w->n == 0)
		return misused(c, "a HOST or --all is wanted");
	int status = names_of_words(c, w->host, w->n, l);
	if (status == DONE)
		status = table_open(c, how);
	return status == DONE && w->all ? names_of_table(c, l) : status;
}

/* A copy that bsearch(3) can look into; the strings stay the list's. NULL: no memory. */
static char **sorted(const struct names *l)
{
	char **copy = calloc(l->n + 1, sizeof *copy);
	if (copy && l->n > 0) {
		memcpy(copy, l->name, l->n * sizeof *copy);
		qsort(copy, l->n, sizeof *copy, by_text);
	}
	return copy;
}

bool names_only_new(struct names *l, const struct names *old)
{
	char **known = sorted(old);
	size_t kept = 0;
	if (!known)
		return false;
	if (l->n > 0)
		qsort(l->name, l->n, sizeof *l->name, by_text);
	for (size_t i = 0; i < l->n; i++) {
		if ((kept > 0 && strcmp(l->name[kept - 1], l->name[i]) == 0) ||
		    bsearch(&l->name[i], known, old->n, sizeof *known, by_text))
			free(l->name[i]);
		else
			l->name[kept++] = l->name[i];
	}
	l->n = kept;
	free(known);
	return true;
}

bool names_find(const struct context *c, const struct names *l, size_t i, struct name *name, struct name_ref *ref)
{
	return name_canonical(l->name[i], name) == NAME_OK && table_find(&c->table, name, ref);
}
