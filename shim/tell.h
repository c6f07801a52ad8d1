/*
 * tell.h: what people are told of lookups and events: the log, and the probes.
 */
#ifndef STICKYDNS_TELL_H
#define STICKYDNS_TELL_H

#include "log.h"
#include "probes.h"

/* A lookup was answered from pool `p`; told if a pin leads it. errno may change. */
static inline void tell_lookup(const struct lookup *l, const struct pool *p)
{
	if (p->lead == LEAD_NONE || p->n == 0)
		return;
	if (log_wanted())
		log_lookup(l->name->text, &p->addr[0], p->lead == LEAD_EXPLICIT);
	probe_pin_hit(l, p);
}

/* The observer of the journal (struct table). errno may change. */
static inline void tell_event(const struct table *t, const struct event *e)
{
	if (log_wanted())
		log_event(t, e);
	probe_event(t, e);
}

#endif
