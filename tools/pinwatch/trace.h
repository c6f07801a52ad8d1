/*
 * trace.h: a line for each event of the kernel, with what the pin did in consequence.
 *
 * What follows an event is done by others: by the shim in the program that
 * connected, or by the pinwatch that serves the table. So a line waits SETTLE_MS, and
 * then tells what the journal has of that endpoint and that program since.
 */
#ifndef STICKYDNS_PINWATCH_TRACE_H
#define STICKYDNS_PINWATCH_TRACE_H

#include "tools/pinwatch/report.h"

enum { SETTLE_MS = 100, TRACE_WAITING = 4096 };

/* An event that waits to be told. */
struct traced {
	uint64_t time_ns;		/* CLOCK_REALTIME */
	uint64_t due_ns;		/* CLOCK_MONOTONIC */
	uint64_t latency_us;		/* since connect began; UINT64_MAX: not known */
	uint64_t netns;
	uint64_t cookie;		/* of the socket; 0: not known */
	struct endpoint to;
	struct verdict verdict;
	uint32_t pid;			/* 0: not known */
	uint16_t error;			/* errno, or 0 */
	char comm[WATCH_COMM];
};

/* What the journal has of it; the later ones outweigh those before. */
enum effect { EFFECT_NONE, EFFECT_RECOVERED, EFFECT_CONFIRMED, EFFECT_MOVED_HERE, EFFECT_MOVED, EFFECTS };

struct story {
	size_t names;			/* that hold the address (and match) */
	char name[NAME_BYTES];		/* the one that the effect is of, else one that is pinned to the address, else any; "" */
	bool cools;			/* the endpoint began to cool off */
	enum effect effect;
	size_t moved;			/* pins that left the address */
	struct address other;		/* MOVED: where to; MOVED_HERE: where from */
	bool pinned;			/* the name has a pin of that family now, */
	struct address pin;		/* on this address */
};

struct trace {
	const char *pattern;		/* of names; NULL: all */
	bool json;
	const struct tables *tables;
	struct traced waiting[TRACE_WAITING];
	size_t first, n;
};

/* Queue an event of report.h. If there is no room the oldest is told at once. */
void trace_event(struct trace *t, const struct watch_event *e, const struct endpoint *to, struct verdict v);

/* Tell those that are due (all: whether or not they are). Returns the ms until the next, or -1. */
int trace_due(struct trace *t, bool all);

/* What became of it, from the tables that know the address. False: no name matches. */
bool trace_story(const struct trace *t, const struct traced *e, struct story *out);

/* One line on stdout. */
void trace_print(const struct trace *t, const struct traced *e, const struct story *s);

#endif
