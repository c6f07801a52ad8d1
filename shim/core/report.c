/* report.c: see report.h. */
#include "shim/core/report.h"

#include "shim/core/log.h"
#include "shim/core/probes.h"
#include "shim/core/session.h"
#include "shim/core/way.h"

void report_lookup(const struct table *t, const struct lookup *l, const struct pool *p)
{
	if (p->lead == LEAD_NONE || p->n == 0)
		return;
	if (log_wanted())
		log_lookup(t, l->name->text, &p->addr[0], p->lead == LEAD_EXPLICIT);
	probe_pin_hit(t, l, p);
}

static void fill_in(struct outcome *o, struct name_ref names[static RECENT])
{
	o->names = names;
	o->n_names = recent_names(names);
	o->reach = REACH_SHIM;
}

void report_failed(struct table *t, struct outcome o, enum cause cause)
{
	struct name_ref names[RECENT];
	if (cause_leaves_doubt(cause) && way_missing(&o.endpoint.addr))
		return;
	fill_in(&o, names);
	probe_pin_fail(&o.endpoint, cause);
	pins_failed(t, &o, cause);
}

void report_succeeded(struct table *t, struct outcome o)
{
	struct name_ref names[RECENT];
	fill_in(&o, names);
	pins_succeeded(t, &o);
}

void report_reset(struct table *t, struct outcome o)
{
	struct name_ref names[RECENT];
	fill_in(&o, names);
	pins_reset(t, &o);
}
