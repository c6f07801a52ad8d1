/*
 * report.h: reports an event of the kernel to the tables.
 *
 * It calls the same functions of policy/ as the shim, for all names that hold the address.
 * The journal shows the process that called connect, not pinwatch. A failure carries the
 * socket's cookie and the begin of its attempt. By these, policy knows a failure that the
 * shim has reported already (pins/report.h). A success needs neither, since a second one
 * changes nothing.
 */
#ifndef STICKYDNS_PINWATCH_REPORT_H
#define STICKYDNS_PINWATCH_REPORT_H

#include "policy/pins/report.h"
#include "tools/pinwatch/finding.h"
#include "tools/pinwatch/icmp.h"
#include "tools/pinwatch/probes.h"
#include "tools/pinwatch/tables.h"

enum { RECENT_OUTCOMES = 32, WAITS = 256 };

/* What was reported lately, for `pinwatch status`. */
struct outcome_seen {
	struct endpoint endpoint;
	struct finding finding;
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
	void (*observer)(const struct watch_event *e, const struct endpoint *to, struct finding v);
	struct refusals refusals;	/* of datagrams */
	uint64_t waits[WAITS];		/* the connects of which it was said that they wait: cookie and start in one */
	uint64_t events, outcomes;	/* that came, and that said something of an endpoint of a table */
	struct outcome_seen seen[RECENT_OUTCOMES];	/* the (outcomes % RECENT_OUTCOMES)-th is the oldest */
};

void report_event(struct report *r, const struct watch_event *e);

/*
 * A SIP message over UDP of a program without the shim: answers, and silence. The same rules and the same
 * memory of requests as the shim's (sip-transactions.h), fed with copies of what the cgroup programs saw.
 */
void report_message(struct report *r, const struct watch_message *m);

#endif
