/*
 * steer.h: the programs of steer.bpf.c, and the cgroup that they are attached to.
 *
 * All of them are attached, or none: replies from an address that nobody asked are worse
 * than no redirection. Descriptors hold them. So however this process ends, the programs in
 * the cgroup go on as without us.
 */
#ifndef STICKYDNS_PINWATCH_STEER_H
#define STICKYDNS_PINWATCH_STEER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/common/cmd.h"
#include "tools/pinwatch/holder.h"

struct steer_bpf;
struct bpf_link;

enum { STEERING_HOOKS = 8 };

struct steering {
	struct steer_bpf *programs;	/* NULL: not loaded */
	struct bpf_link *link[STEERING_HOOKS];
	unsigned links;
	const char *failed;		/* the hook that could not be attached; NULL: the loading failed */
	struct holder holder;		/* who stands in the way; id 0: nobody */
	bool reads;			/* what is sent; else all datagrams to SIP endpoints go to the pin */
};

/* Load. False: errno tells. */
bool steering_load(struct steering *s);

/*
 * Does another's program stand in the way of ours on the cgroup open at `fd`, attached as they may be? Then s->holder
 * is the first. It can be asked before anything is loaded.
 */
bool steering_held(struct steering *s, int fd);

/* Attach to the cgroup open at `fd`, where nobody holds it. False: s->holder tells, or errno and s->failed. */
bool steering_attach(struct steering *s, int fd);

/* From the cgroup; what is loaded stays. */
void steering_detach(struct steering *s);

/* The map of entries. */
int steering_map(const struct steering *s);

/* Programs that have this file mapped are under the shim, and left to it; NULL: there is no table. */
void steering_leave_to_shim(struct steering *s, const char *table);

/* What was moved so far. */
void steering_counts(const struct steering *s, uint64_t *connects, uint64_t *datagrams);

/* Detaches and unloads. Zeros are fine. */
void steering_close(struct steering *s);

/* ---- the cgroup: taken, removed and made again, left to another program ---- */

enum hold_state {
	HOLD_STEERED,
	HOLD_GONE,			/* removed, or cannot be taken any more */
	HOLD_LEFT,			/* to another's program, the holder of the steering */
};

struct hold {
	char cgroup[PATH_MAX];
	enum hold_state state;
	int lock, fd;			/* -1: not held */
};

/* Lock and open. False: errno tells; EBUSY: another one has it. */
bool hold_take(struct hold *h);

void hold_close(struct hold *h);

/*
 * Once a second. One that is made again, as a service manager does when a service starts again, is another one:
 * programs of it are steered too. Where another's program comes later that would not be run, ours go until it is gone.
 * What changes is said.
 */
void hold_look(struct hold *h, struct steering *s, const struct context *c);

#endif
