/* finding.c: see finding.h. */
#include "tools/pinwatch/finding.h"

#include <errno.h>
#include <stdbool.h>

static struct finding failed(enum cause cause)
{
	return (struct finding){cause == CAUSE_NONE ? FINDING_NOTHING : FINDING_FAILED, cause};
}

/* A connect that waits, or was given up. A kernel's timer may be early; by 3 s it has sent two more SYNs. */
static struct finding waited(const struct watch_event *e, uint32_t timeout_s)
{
	enum { EARLY_MS = 50 };
	const bool is_long = e->waited_ms + EARLY_MS >= timeout_s * 1000 && e->retransmits >= (timeout_s < 3 ? 1 : 2);
	return failed(is_long ? CAUSE_TIMED_OUT : CAUSE_NONE);
}

/* EPIPE, a reset after the server had closed, which it may, is not even told (connects.bpf.c). */
static struct finding broken(const struct watch_event *e)
{
	return e->error == ECONNRESET ? (struct finding){FINDING_RESET, CAUSE_BROKEN} : failed(cause_of_errno(e->error));
}

struct finding finding_of(const struct watch_event *e, uint32_t timeout_s)
{
	switch (e->what) {
	case WATCH_ESTABLISHED: return (struct finding){FINDING_WORKS, CAUSE_CONNECTED};
	case WATCH_ENDED: return e->error ? failed(cause_of_errno(e->error)) : waited(e, timeout_s);
	case WATCH_WAITS: return waited(e, timeout_s);
	case WATCH_BROKEN: return broken(e);
	case WATCH_REFUSED: return failed(cause_of_errno(e->error));
	default: return (struct finding){FINDING_NOTHING, CAUSE_NONE};
	}
}
