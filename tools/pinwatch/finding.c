/* finding.c: see finding.h. */
#include "tools/pinwatch/finding.h"

#include <errno.h>

static struct finding failed(enum cause cause)
{
	return (struct finding){cause == CAUSE_NONE ? FINDING_NOTHING : FINDING_FAILED, cause};
}

/* A connect that is over. */
static struct finding ended(const struct watch_event *e)
{
	const __u64 waited = e->started && e->now > e->started ? e->now - e->started : 0;
	if (e->error)
		return failed(cause_of_errno(e->error));
	return failed(waited >= WAIT_MS * 1000000ull && e->retransmits >= WAIT_RETRANSMITS ? CAUSE_TIMED_OUT : CAUSE_NONE);
}

/* EPIPE, a reset after the server had closed, which it may, is not even told (connects.bpf.c). */
static struct finding broken(const struct watch_event *e)
{
	return e->error == ECONNRESET ? (struct finding){FINDING_RESET, CAUSE_BROKEN} : failed(cause_of_errno(e->error));
}

struct finding finding_of(const struct watch_event *e)
{
	switch (e->what) {
	case WATCH_ESTABLISHED: return (struct finding){FINDING_WORKS, CAUSE_CONNECTED};
	case WATCH_ENDED: return ended(e);
	case WATCH_WAITS: return failed(CAUSE_TIMED_OUT);
	case WATCH_BROKEN: return broken(e);
	case WATCH_REFUSED: return failed(cause_of_errno(e->error));
	default: return (struct finding){FINDING_NOTHING, CAUSE_NONE};
	}
}
