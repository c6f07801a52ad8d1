/* endpoint-settings.c: see endpoint-settings.h. */
#include "policy/pins/endpoint-settings.h"

#include "policy/pins/srv.h"
#include "policy/pins/standing.h"
#include "policy/table/addresses.h"
#include "policy/table/effective.h"
#include "policy/table/index.h"

/* A walk over the names that lead to an endpoint. */
struct walk {
	const struct table *t;
	const struct endpoint *e;
	unsigned left;			/* names that may yet be read */
	bool any;
	enum standing highest;		/* so far; those that stand lower have no say */
	/* One of those that stand highest so far. `anew`: those before it stand lower. */
	void (*says)(struct walk *w, const struct name *n, const struct settings *set, bool anew);

	enum setting k;			/* setting_at, setting_lists_port: */
	uint64_t value;
	bool listed;

	struct name *names;		/* endpoint_names: */
	size_t n, room;
};

static void regard(struct walk *w, struct name_ref ref, const struct name *n, const struct effective *e)
{
	const enum standing s = standing_of(w->t, ref, e);
	const bool anew = !w->any || s > w->highest;
	if (!anew && s < w->highest)
		return;
	w->any = true;
	w->highest = s;
	w->says(w, n, &e->set, anew);
}

static void walk_holders(struct walk *w, addr_ref addr, bool hosts);

/* The host's services, which lead to it on this port. Apart from walk_holders(): neither's names are to lie on a small stack twice. */
static __attribute__((noinline)) void walk_services(struct walk *w, const struct name *host)
{
	const struct address target = addr_of_target(w->t, host, w->e->port);
	walk_holders(w, addr_find(w->t, &target), false);
}

static void walk_holders(struct walk *w, addr_ref addr, bool hosts)
{
	struct name_ref ref, same;
	uint32_t cursor = 0;
	for (; w->left > 0 && index_next(w->t, addr, &cursor, &ref); w->left--) {
		struct name n;
		struct effective e;
		if (!table_at(w->t, ref.slot, &same, &n) || same.key != ref.key)
			continue;
		settings_effective(w->t, &n, &e);
		regard(w, ref, &n, &e);
		if (hosts && !name_is_service(&n) && get32(&w->t->header->targets))
			walk_services(w, &n);
	}
}

static void walk(struct walk *w)
{
	w->left = ENDPOINT_NAMES;
	walk_holders(w, addr_find(w->t, &w->e->addr), true);
}

/* ---- one value ---- */

static void says_value(struct walk *w, const struct name *n, const struct settings *set, bool anew)
{
	const uint64_t value = set->value[w->k];
	(void)n;
	w->value = anew ? value : setting_strictest(w->k, w->value, value);
	w->listed = (!anew && w->listed) || setting_has_port(value, w->e->port);
}

/* Apart: it needs much stack, and is not often needed. `value`: of an endpoint where no name leads. */
static __attribute__((noinline)) struct walk walk_values(const struct table *t, const struct endpoint *e, enum setting k, uint64_t value)
{
	struct walk w = {.t = t, .e = e, .says = says_value, .k = k, .value = value, .listed = setting_has_port(value, e->port)};
	walk(&w);
	return w;
}

uint64_t setting_at(const struct table *t, const struct endpoint *e, enum setting k)
{
	uint64_t value;
	return setting_default(t, k, &value) ? value : walk_values(t, e, k, value).value;
}

bool setting_lists_port(const struct table *t, const struct endpoint *e)
{
	uint64_t value;
	return setting_default(t, SET_SIP_PORTS, &value) ? setting_has_port(value, e->port) : walk_values(t, e, SET_SIP_PORTS, value).listed;
}

/* ---- whose it is ---- */

static void says_name(struct walk *w, const struct name *n, const struct settings *set, bool anew)
{
	(void)set;
	if (anew)
		w->n = 0;
	if (w->n < w->room)
		w->names[w->n++] = *n;
}

size_t endpoint_names(const struct table *t, const struct endpoint *e, struct name *out, size_t room)
{
	struct walk w = {.t = t, .e = e, .says = says_name, .names = out, .room = room};
	walk(&w);
	return w.n;
}
