/*
 * tell.h: what people are told of lookups and events: the log, and the probes.
 */
#ifndef STICKYDNS_TELL_H
#define STICKYDNS_TELL_H

#include "policy/pins/report.h"
#include "shim/core/log.h"
#include "shim/core/probes.h"
#include "shim/core/way.h"

/* A lookup was answered from pool `p`; told if a pin leads it. errno may change. */
static inline void tell_lookup(const struct lookup *l, const struct pool *p)
{
	if (p->lead == LEAD_NONE || p->n == 0)
		return;
	if (log_wanted())
		log_lookup(l->name->text, &p->addr[0], p->lead == LEAD_EXPLICIT);
	probe_pin_hit(l, p);
}

/* Can the want of a way to the server look like this? */
static inline bool cause_leaves_doubt(enum cause c)
{
	return c == CAUSE_TIMED_OUT || c == CAUSE_UNREACHABLE || c == CAUSE_ABANDONED || c == CAUSE_SILENCE ||
	       c == CAUSE_UNANSWERED;
}

/*
 * What this program met is a failure: told whether or not somebody else, pinwatch
 * or another thread, was first to report it; then reported (health.h).
 */
static inline void tell_failed(struct table *t, const struct outcome *o, enum cause cause)
{
	if (cause_leaves_doubt(cause) && way_missing(&o->endpoint.addr))
		return;			/* the host's own trouble */
	probe_pin_fail(&o->endpoint, cause);
	pins_failed(t, o, cause);
}

/* The observer of the journal (struct table). errno may change. */
static inline void tell_event(const struct table *t, const struct event *e)
{
	if (log_wanted())
		log_event(t, e);
	probe_event(t, e);
}

#endif
