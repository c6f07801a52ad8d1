/*
 * probe-send.h: one probe of one endpoint: a SIP OPTIONS over UDP or TCP, or a TCP connect.
 *
 * Each has a connected socket of its own: so the kernel passes only what the server itself sends, and ICMP errors.
 */
#ifndef STICKYDNS_PROBE_SEND_H
#define STICKYDNS_PROBE_SEND_H

#include <uv.h>

#include "policy/base/cause.h"
#include "policy/base/endpoint.h"

struct probe_result {
	bool tried;			/* false: this host had no socket or no way; it says nothing of the server */
	bool passed;
	enum cause why;			/* of a failure; of a success CAUSE_ANSWERED or CAUSE_CONNECTED */
	unsigned status;		/* of the SIP answer; 0: none */
	uint32_t took_ms;
};

/* Called once for each probe that began, from the loop; not for those that probes_end() ends. */
typedef void probe_done_fn(void *arg, const struct endpoint *e, const struct probe_result *r);

/*
 * Begin one. `options`: an OPTIONS (RFC 3261 11), which any final answer but 503 answers; else a TCP connect, which the server
 * accepts. UDP always gets an OPTIONS. It ends after `timeout_ms` at the latest. False: out of memory.
 */
bool probe_send(uv_loop_t *loop, const struct endpoint *e, bool options, uint32_t timeout_ms, probe_done_fn *done, void *arg);

/* How many are under way. */
size_t probes_under_way(void);

/* End all of them. What they had in the loop is closed in its next round. */
void probes_end(void);

#endif
