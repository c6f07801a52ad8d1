/*
 * report.h: from an event of the kernel to the tables.
 *
 * The same functions of policy/ that the shim calls, with all names that hold the
 * address. The journal shows the process that called connect, not pinwatch. A
 * failure carries the socket's cookie and when its attempt began, by which policy
 * knows one that the shim has told of already (pins/report.h); a success
 * needs none of that, since a second one changes nothing.
 */
#ifndef STICKYDNS_PINWATCH_REPORT_H
#define STICKYDNS_PINWATCH_REPORT_H

#include "policy/pins/report.h"
#include "tools/pinwatch/probes.h"
#include "tools/pinwatch/refusals.h"
#include "tools/pinwatch/tables.h"
#include "tools/pinwatch/verdict.h"

enum { RECENT_OUTCOMES = 32, WAITS = 256 };

/* What was reported lately, for `pinwatch status`. */
struct outcome_seen {
	struct endpoint endpoint;
	struct verdict verdict;
	uint64_t time_ns;		/* CLOCK_REALTIME */
	uint64_t latency_us;		/* of WATCH_ESTABLISHED whose connect was seen; else UINT64_MAX */
	uint32_t pid;			/* 0: not known */
	char comm[WATCH_COMM];
};

struct report {
	struct tables *tables;
	const struct probes *probes;
	bool look_only;			/* --dry-run: say it, change nothing */
	bool verbose;			/* say it */
	/* Told of each event of a table's endpoint, whatever it proves; may be NULL: pinwatch trace. */
	void (*observer)(const struct watch_event *e, const struct endpoint *to, struct verdict v);
	struct refusals refusals;	/* of datagrams */
	uint64_t waits[WAITS];		/* the connects of which it was said that they wait: cookie and start in one */
	uint64_t events, outcomes;	/* that came, and that said something of an endpoint of a table */
	struct outcome_seen seen[RECENT_OUTCOMES];	/* the (outcomes % RECENT_OUTCOMES)-th is the oldest */
};

void report_event(struct report *r, const struct watch_event *e);

/* The endpoint at the other end; its scope only where it needs one (RFC 4007). */
struct endpoint report_endpoint(const struct watch_key *peer, uint16_t port, uint8_t transport, uint32_t scope);

/*
 * The same for one table and a verdict that is known already, as the program that report_as() was told;
 * `o` has the endpoint, the socket and when it began.
 */
void report_to(struct report *r, struct served *s, struct outcome *o, struct verdict v);

/* Journal events of this thread are this process's from now on. */
void report_as(uint32_t pid, const char *comm);

/* Tell the observer, if there is one, with the name of the program that report_as() was given. */
void report_observe(const struct report *r, const struct watch_event *e, const struct endpoint *to, struct verdict v);

/* Say it, and remember it for status. */
void report_tell(struct report *r, const struct endpoint *e, struct verdict v, uint64_t latency_us);

#endif
