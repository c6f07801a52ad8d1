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

static void tell(struct table *t, struct outcome *o)
{
	struct name_ref names[RECENT];
	o->names = names;
	o->n_names = recent_names(names);
	o->reach = REACH_SHIM;
	pins_report(t, o);
}

void report_failed(struct table *t, struct outcome o, enum cause cause)
{
	if (cause_leaves_doubt(cause) && way_missing(&o.endpoint.addr))
		return;
	probe_pin_fail(&o.endpoint, cause);
	o.kind = OUTCOME_FAILED;
	o.why = cause;
	tell(t, &o);
}

void report_succeeded(struct table *t, struct outcome o)
{
	o.kind = OUTCOME_SUCCEEDED;
	tell(t, &o);
}

void report_reset(struct table *t, struct outcome o)
{
	o.kind = OUTCOME_BROKEN;
	tell(t, &o);
}
