/* srv.h: how the snapshot of a service differs: its candidates are SRV targets. Private to policy/. */
#ifndef STICKYDNS_SERVICE_H
#define STICKYDNS_SERVICE_H

#include "policy/pins/snapshot.h"
#include "policy/pins/target.h"

/* The POOL_MAX best of the records, by priority, else in their order. Returns how many. */
size_t service_best(const struct srv_record *records, size_t n, struct srv_record best[static POOL_MAX]);

/*
 * The endpoints of its targets that count: those of the transport that confirmed it
 * last, for some programs ask for _sip._tcp and speak UDP (sipsak); else of its own.
 */
struct endpoint_filter service_filter(const struct table *t, struct name_ref ref);

/* A target whose host has known addresses is no fitter than the fittest of them, and drained when they all are. */
void service_judge(const struct table *t, const struct address *target, struct endpoint_filter r, uint32_t now, struct candidate *c);

/* Is the pin a target that has failed by its host's addresses alone, while another one is fit? */
bool service_lost(const struct snapshot *sn);

/*
 * Puts the candidates in the order of trial (srv-order.h), that target first to whose host
 * another SIP service of the domain is pinned, so that a phone's REGISTER over UDP
 * and its large INVITE over TCP meet one server. Before the pin is looked for.
 */
void service_order(const struct table *t, struct snapshot *sn);

#endif
