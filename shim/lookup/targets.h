/*
 * targets.h: SRV answers in DNS messages that a program reads: the service's pin gets the best priority (RFC 2782).
 *
 * The targets are learnt, and the addresses that came with them. Then the priority of the pin's
 * record becomes the lowest number. Nothing else changes: no record moves, and ports, weights and
 * TTLs stay. No locks, no allocation; errno may change.
 */
#ifndef STICKYDNS_TARGETS_H
#define STICKYDNS_TARGETS_H

#include "policy/table/file.h"
#include "policy/wire/dns-message.h"

/* `a` is the SRV answer in msg, for `service`. */
void targets_order(struct table *t, uint8_t *msg, size_t len, const struct answer *a, const struct name *service);

#endif
