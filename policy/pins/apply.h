/*
 * apply.h: a decision carried out: the pin word is changed with one CAS, which starts from the word of the snapshot.
 */
#ifndef STICKYDNS_APPLY_H
#define STICKYDNS_APPLY_H

#include "policy/pins/snapshot.h"
#include "policy/table/journal.h"

/*
 * Carries out what became of the pin. False: another process changed the pin
 * first; read again. On a read-only table nothing happens and all is well.
 */
bool snapshot_apply(struct table *t, const struct snapshot *sn, const struct transition *tr);

/* The endpoint in slot `slot` of candidate tr->to succeeded, as `why` tells. As snapshot_apply. */
bool snapshot_confirm(struct table *t, const struct snapshot *sn, const struct transition *tr, int slot,
		   const struct endpoint *e, enum cause why);

/* The confirmed pin is in doubt: tentative, where it is. As snapshot_apply. */
bool snapshot_doubt(struct table *t, const struct snapshot *sn);

/* The event and the counts of a move to candidate `to` from `old`. */
void snapshot_moved(struct table *t, const struct snapshot *sn, enum cause cause, int to, int old, const struct endpoint *e);

/* An address of the preference list that is not the pin's own word succeeded: only that is noted. */
void snapshot_confirm_ranked(struct table *t, const struct snapshot *sn, int at, const struct endpoint *e, enum cause why);

/* Wins the right to try the CIRCUIT_HALF_OPEN endpoints of candidate `at`. */
bool snapshot_take_trial(struct table *t, const struct snapshot *sn, int at);

/* An event about the snapshot's name; `addr` and `old` are candidates, or -1. */
void snapshot_event(struct table *t, const struct snapshot *sn, enum event_kind kind, enum cause cause, int addr,
		 int old, const struct endpoint *e);

#endif
