/*
 * story.h: what the pins did after an event of the kernel, from the tables and their journals.
 *
 * Others act on an event: the shim in the program that connected, or the pinwatch that
 * serves the table. The journal tells what they have done to that endpoint for that program
 * since.
 */
#ifndef STICKYDNS_PINWATCH_STORY_H
#define STICKYDNS_PINWATCH_STORY_H

#include "tools/pinwatch/finding.h"
#include "tools/pinwatch/tables.h"

/* An event that waits to be told. */
struct traced {
	uint64_t time_ns;		/* CLOCK_REALTIME */
	uint64_t due_ns;		/* CLOCK_MONOTONIC */
	uint64_t latency_us;		/* since connect began; UINT64_MAX: not known */
	uint64_t netns;
	uint64_t cookie;		/* of the socket; 0: not known */
	struct endpoint to;
	struct finding finding;
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

/* From the tables that know the address. `pattern`: of the names, or NULL: all. False: no name matches. */
bool story_of(const struct tables *t, const char *pattern, const struct traced *e, struct story *out);

#endif
