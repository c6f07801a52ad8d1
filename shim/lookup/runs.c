/* runs.c: reordering addrinfo lists. See runs.h. */
#include "shim/lookup/runs.h"

#include <stdlib.h>
#include <string.h>

enum { RUNS = 2 * (POOL_MAX + 1) };

struct run {
	struct addrinfo *first, *last;
	enum family family;
	size_t rank;			/* in its pool; those not in it keep their places behind */
};

static bool node_address(const struct addrinfo *node, struct address *out)
{
	struct endpoint e;
	if (!node->ai_addr || !endpoint_from_sockaddr(node->ai_addr, node->ai_addrlen, &e))
		return false;
	*out = e.addr;
	return true;
}

static size_t pool_rank(const struct pool *p, const struct address *a)
{
	size_t i = 0;
	while (i < p->n && !address_equal(&p->addr[i], a))
		i++;
	return i;
}

void runs_collect(const struct addrinfo *list, struct pool pool[static FAMILIES])
{
	for (unsigned f = 0; f < FAMILIES; f++) {
		pool[f].n = 0;
		pool[f].first = pool[f].more = false;
	}
	for (; list; list = list->ai_next) {
		struct address a;
		if (!node_address(list, &a))
			continue;
		struct pool *p = &pool[address_family(&a)];
		if (pool[FAMILY_V4].n + pool[FAMILY_V6].n == 0)
			p->first = true;
		if (pool_rank(p, &a) < p->n)
			continue;
		if (p->n == POOL_MAX)
			p->more = true;
		else
			p->addr[p->n++] = a;
	}
}

/* Splits the list; *rest is what did not fit. */
static size_t split(struct addrinfo *list, const struct pool pool[static FAMILIES], struct run runs[static RUNS],
		    struct addrinfo **rest)
{
	size_t n = 0;
	struct address a, before;
	for (; list; list = list->ai_next) {
		if (!node_address(list, &a))
			break;
		if (n > 0 && address_equal(&a, &before)) {
			runs[n - 1].last = list;
			continue;
		}
		if (n == RUNS)
			break;
		enum family f = address_family(&a);
		runs[n++] = (struct run){list, list, f, pool_rank(&pool[f], &a)};
		before = a;
	}
	*rest = list;
	return n;
}

/* Sorts the runs of one family by rank, stable, on the places that the family has. */
static void sort_family(struct run *runs, size_t n, enum family f)
{
	for (size_t i = 1; i < n; i++) {
		if (runs[i].family != f)
			continue;
		struct run moving = runs[i];
		size_t at = i;
		for (size_t k = i; k-- > 0;) {
			if (runs[k].family != f)
				continue;
			if (runs[k].rank <= moving.rank)
				break;
			runs[at] = runs[k];
			at = k;
		}
		runs[at] = moving;
	}
}

static struct addrinfo *copy_node(const struct addrinfo *node, const struct address *a)
{
	struct addrinfo *copy = malloc(sizeof *copy + node->ai_addrlen);
	if (!copy)
		return NULL;
	*copy = *node;
	copy->ai_addr = memcpy(copy + 1, node->ai_addr, node->ai_addrlen);
	copy->ai_canonname = NULL;
	copy->ai_next = NULL;
	if (address_to_sockaddr(a, copy->ai_addr))
		return copy;
	free(copy);
	return NULL;
}

static void free_nodes(struct addrinfo *node)
{
	while (node) {
		struct addrinfo *next = node->ai_next;
		free(node);
		node = next;
	}
}

struct addrinfo *runs_copy(const struct addrinfo *first, const struct addrinfo *last, const struct address *a,
			   struct addrinfo **end)
{
	struct addrinfo *head = NULL, **link = &head;
	for (const struct addrinfo *node = first; node; node = node == last ? NULL : node->ai_next) {
		if (!(*link = copy_node(node, a))) {
			free_nodes(head);
			return NULL;
		}
		*end = *link;
		link = &(*link)->ai_next;
	}
	return head;
}

/* Takes the nodes with the address out of the list. False: there are none. */
static bool take_out(struct addrinfo **list, const struct address *a, struct run *out)
{
	struct address b;
	struct addrinfo **link = list;
	while (*link && !(node_address(*link, &b) && address_equal(&b, a)))
		link = &(*link)->ai_next;
	if (!*link)
		return false;
	out->first = out->last = *link;
	while (out->last->ai_next && node_address(out->last->ai_next, &b) && address_equal(&b, a))
		out->last = out->last->ai_next;
	*link = out->last->ai_next;
	return true;
}

static bool has_run(const struct run *runs, size_t n, const struct address *a)
{
	struct address b;
	for (size_t i = 0; i < n; i++)
		if (node_address(runs[i].first, &b) && address_equal(&b, a))
			return true;
	return false;
}

/*
 * Puts a run for the pool's extra address before the family's first: the answer's
 * own, where a long one has it behind what was regarded, else a copy. Returns how
 * many runs there are.
 */
static size_t put_extra(struct run *runs, size_t n, struct addrinfo **rest, enum family f, const struct pool *p)
{
	struct run extra = {.family = f};
	size_t at = 0;
	while (at < n && runs[at].family != f)
		at++;
	if (!p->extra || at == n || has_run(runs, n, &p->addr[0]))
		return n;		/* its rank is the first already */
	if (!take_out(rest, &p->addr[0], &extra) &&
	    !(extra.first = runs_copy(runs[at].first, runs[at].last, &p->addr[0], &extra.last)))
		return n;
	memmove(&runs[at + 1], &runs[at], (n - at) * sizeof *runs);
	runs[at] = extra;
	return n + 1;
}

static struct addrinfo *relink(struct run *runs, size_t n, struct addrinfo *rest)
{
	for (size_t i = 0; i < n; i++)
		runs[i].last->ai_next = i + 1 < n ? runs[i + 1].first : rest;
	return runs[0].first;
}

struct addrinfo *runs_order(struct addrinfo *list, const struct pool pool[static FAMILIES])
{
	struct run runs[RUNS + FAMILIES];
	struct addrinfo *rest;
	size_t n = split(list, pool, runs, &rest);
	if (n == 0)
		return list;
	char *canonical = list->ai_canonname;
	list->ai_canonname = NULL;
	for (unsigned f = 0; f < FAMILIES; f++) {
		n = put_extra(runs, n, &rest, (enum family)f, &pool[f]);
		sort_family(runs, n, (enum family)f);
	}
	list = relink(runs, n, rest);
	list->ai_canonname = canonical;
	return list;
}
