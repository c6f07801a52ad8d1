/*
 * probes.c: the probes themselves, one place each. See probes.h.
 *
 * They are here and not where they are called. So a caller only looks at the semaphore, and a
 * probe has one address, however often its caller is inlined.
 */
#include "shim/core/probes.h"

#include "policy/pins/answer.h"
#include "policy/pins/srv.h"
#include "policy/table/journal.h"

#if STICKYDNS_PROBES
#define _SDT_HAS_SEMAPHORES 1
#define SDT_USE_VARIADIC 1
#include <sys/sdt.h>

/* In .probes, where who looks finds them; not constant, whatever the compiler sees: the kernel writes here. */
#define PROBE_SEMAPHORE(probe) \
	volatile unsigned short stickydns_##probe##_semaphore __attribute__((section(".probes"), used)) = 0;
PROBES(PROBE_SEMAPHORE)
#else
#define STAP_PROBEV(provider, probe, ...) probe_nowhere(__VA_ARGS__)
static inline void probe_nowhere(const char *first, ...) { (void)first; }
#endif

void probes_pin_hit(const struct table *t, const struct lookup *l, const struct pool *p)
{
	char address[TARGET_TEXT];
	const char *kind = p->lead == LEAD_EXPLICIT ? "explicit" : "auto";
	target_format(t, &p->addr[0], address);
	STAP_PROBEV(stickydns, pin_hit, (const char *)l->name->text, (const char *)address, l->port,
		    transport_text(l->transport), kind);
}

void probes_answer(const struct table *t, const struct name *n, const struct pool *p, const char *how)
{
	char address[TARGET_TEXT];
	target_format(t, &p->addr[0], address);
	STAP_PROBEV(stickydns, answer, (const char *)n->text, (const char *)address, p->n, how);
}

static void pin_set(const struct table *t, const struct event *e, const char *address)
{
	char from[TARGET_TEXT] = "";
	if (e->has_old)
		target_format(t, &e->old, from);
	STAP_PROBEV(stickydns, pin_set, (const char *)e->name, address, e->port, transport_text(e->transport),
		    cause_text(e->cause), (const char *)from);
}

static void pin_drop(const struct event *e, const char *address)
{
	STAP_PROBEV(stickydns, pin_drop, (const char *)e->name, address, e->port, transport_text(e->transport),
		    cause_text(e->cause));
}

void probes_pin_fail(const struct endpoint *e, enum cause cause)
{
	char address[ADDRESS_TEXT];
	address_format(&e->addr, address);
	STAP_PROBEV(stickydns, pin_fail, (const char *)address, e->port, transport_text(e->transport), cause_text(cause),
		    cause_errno(cause));
}

/* A program was ended while it connected: who finds that reports it. Who met another failure has reported it. */
static void abandoned(const struct event *e)
{
	const struct endpoint to = {e->addr, e->port, e->transport};
	if (e->cause == CAUSE_ABANDONED)
		probes_pin_fail(&to, CAUSE_ABANDONED);
}

void probes_event(const struct table *t, const struct event *e)
{
	char address[TARGET_TEXT] = "";
	if (e->has_addr)
		target_format(t, &e->addr, address);
	switch (e->kind) {
	case EVENT_PINNED:
	case EVENT_CONFIRMED:
	case EVENT_MOVED: pin_set(t, e, address); break;
	case EVENT_DROPPED:
	case EVENT_EVICTED:
	case EVENT_EXPIRED: pin_drop(e, address); break;
	case EVENT_FAILED: abandoned(e); break;
	default: break;		/* EVENT_SET: not here */
	}
}

void probes_steer(const struct endpoint *original, const struct endpoint *pin)
{
	char from[ADDRESS_TEXT], to[ADDRESS_TEXT];
	address_format(&original->addr, from);
	address_format(&pin->addr, to);
	STAP_PROBEV(stickydns, steer, (const char *)from, (const char *)to, pin->port,
		    transport_text(pin->transport), original->port);
}
