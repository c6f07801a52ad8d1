/* verdict.c: see verdict.h. */
#include "tools/pinwatch/verdict.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

static struct verdict failed(enum cause cause)
{
	return (struct verdict){cause == CAUSE_NONE ? VERDICT_NOTHING : VERDICT_FAILED, cause};
}

/* A connect that is over. */
static struct verdict ended(const struct watch_event *e)
{
	const __u64 waited = e->started && e->now > e->started ? e->now - e->started : 0;
	if (e->error)
		return failed(cause_of_errno(e->error));
	return failed(waited >= WAIT_MS * 1000000ull && e->retransmits >= WAIT_RETRANSMITS ? CAUSE_TIMED_OUT : CAUSE_NONE);
}

/* EPIPE, a reset after the server had closed, which it may, is not even told (watch.bpf.c). */
static struct verdict broken(const struct watch_event *e)
{
	return e->error == ECONNRESET ? (struct verdict){VERDICT_RESET, CAUSE_BROKEN} : failed(cause_of_errno(e->error));
}

struct verdict verdict_of(const struct watch_event *e)
{
	switch (e->what) {
	case WATCH_ESTABLISHED: return (struct verdict){VERDICT_WORKS, CAUSE_CONNECTED};
	case WATCH_ENDED: return ended(e);
	case WATCH_WAITS: return failed(CAUSE_TIMED_OUT);
	case WATCH_BROKEN: return broken(e);
	case WATCH_REFUSED: return failed(cause_of_errno(e->error));
	default: return (struct verdict){VERDICT_NOTHING, CAUSE_NONE};
	}
}

int verdict_icmp(unsigned code)
{
	switch (code) {
	case ICMP_PORT_UNREACH: return ECONNREFUSED;
	case ICMP_HOST_UNREACH:
	case ICMP_HOST_UNKNOWN:
	case ICMP_HOST_ANO:
	case ICMP_HOST_UNR_TOS:
	case ICMP_PKT_FILTERED:
	case ICMP_PREC_VIOLATION:
	case ICMP_PREC_CUTOFF: return EHOSTUNREACH;
	default: return 0;		/* the network, or the size: not the server */
	}
}

int verdict_icmpv6(unsigned code)
{
	switch (code) {
	case ICMP6_DST_UNREACH_NOPORT: return ECONNREFUSED;
	case ICMP6_DST_UNREACH_ADDR: return EHOSTUNREACH;
	default: return 0;
	}
}
