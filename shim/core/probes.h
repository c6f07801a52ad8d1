/*
 * probes.h: USDT probes, where bpftrace, perf, SystemTap and gdb may look on (sys/sdt.h).
 *
 * Provider `stickydns`. Text is NUL-terminated, "" where there is none; addresses are
 * text as inet_ntop(3) gives it, targets of services "sbc1.example.com:5060"; a transport is "tcp", "udp" or "any"; a port is a
 * number, 0 where none is known. At most six arguments: bpftrace sees no more on x86-64.
 *
 *	pin_hit   name  address  port  transport  kind           a lookup was led by a pin: "auto" or "explicit"
 *	answer    name  address  records  how                    a raw DNS answer was led by a pin
 *	pin_set   name  address  port  transport  cause  from    a pin was set or confirmed, or moved away `from`
 *	pin_drop  name  address  port  transport  cause          a pin ended: idle, max-age, ttl, absent from DNS
 *	pin_fail  address  port  transport  cause  errno         an endpoint failed: this program met it
 *	steer     asked  address  port  transport  asked_port    a connect or datagram went to the pin instead
 *
 * `how`: the pin's record is the "first", was so already ("kept"), or is the "only"
 * one. `cause` and `errno`: as `pinctl events` has them ("refused", "ECONNREFUSED").
 * pin_set and pin_drop are what this process did to the table; what others do, pinctl
 * and pinwatch among them, is in the journal. pin_fail is what it met, though somebody
 * else told the table first, and though the endpoint cools off already.
 *
 * A probe that nobody looks at costs a load and a branch: its semaphore, which the
 * kernel counts up while somebody does, is read before any argument is made. Without
 * sys/sdt.h, or with STICKYDNS_NO_PROBES, they are not there. No locks, no allocation;
 * errno stays.
 */
#ifndef STICKYDNS_PROBES_H
#define STICKYDNS_PROBES_H

#include "policy/pins/answer.h"
#include "policy/table/journal.h"

#if !defined(STICKYDNS_NO_PROBES) && __has_include(<sys/sdt.h>)
#define STICKYDNS_PROBES 1
#else
#define STICKYDNS_PROBES 0
#endif

#define PROBES(X) X(pin_hit) X(answer) X(pin_set) X(pin_drop) X(pin_fail) X(steer)

/* stickydns_NAME_semaphore, and NAME_watched(): does anybody look at it in this process? */
#if STICKYDNS_PROBES
#define PROBE_WATCHED(probe)                                                                                  \
	extern volatile unsigned short stickydns_##probe##_semaphore __attribute__((visibility("hidden")));   \
	static inline bool probe##_watched(void) { return __builtin_expect(stickydns_##probe##_semaphore != 0, 0); }
#else
#define PROBE_WATCHED(probe)                                                                                  \
	static inline bool probe##_watched(void) { return false; }
#endif
PROBES(PROBE_WATCHED)

/* ---- the probes as somebody looks at them: called by those below only ---- */

void probes_pin_hit(const struct table *t, const struct lookup *l, const struct pool *p) __attribute__((cold));
void probes_answer(const struct table *t, const struct name *n, const struct pool *p, const char *how) __attribute__((cold));
void probes_event(const struct table *t, const struct event *e) __attribute__((cold));
void probes_pin_fail(const struct endpoint *e, enum cause cause) __attribute__((cold));
void probes_steer(const struct endpoint *original, const struct endpoint *pin) __attribute__((cold));

/* ---- what the shim calls ---- */

/* A lookup in `t`, which names SRV targets; its pool `p` has a pin in front. */
static inline void probe_pin_hit(const struct table *t, const struct lookup *l, const struct pool *p)
{
	if (pin_hit_watched())
		probes_pin_hit(t, l, p);
}

/* A raw answer that the pin in front of `p` led; `how`: "first", "kept" or "only". */
static inline void probe_answer(const struct table *t, const struct name *n, const struct pool *p, const char *how)
{
	if (answer_watched())
		probes_answer(t, n, p, how);
}

/* An event that this process wrote into the journal. */
static inline void probe_event(const struct table *t, const struct event *e)
{
	if (pin_set_watched() || pin_drop_watched() || pin_fail_watched())
		probes_event(t, e);
}

/* A failure that this program met. */
static inline void probe_pin_fail(const struct endpoint *e, enum cause cause)
{
	if (pin_fail_watched())
		probes_pin_fail(e, cause);
}

/* What the program sent to `original` goes to `pin`. */
static inline void probe_steer(const struct endpoint *original, const struct endpoint *pin)
{
	if (steer_watched())
		probes_steer(original, pin);
}

#endif
