/*
 * candidates.h: the addresses that a name record knows, up to CANDIDATES; or the targets of a service, up to TARGETS.
 *
 * What an answer holds beyond them is not kept. The preference list, the pin and the last
 * confirmed address stay. Another one gives way to a new one when it was in no answer for
 * a minute. Private to policy/.
 */
#ifndef STICKYDNS_CANDIDATES_H
#define STICKYDNS_CANDIDATES_H

#include "policy/pins/answer.h"
#include "policy/table/names.h"

/*
 * Stamps the addresses of an answer as seen at tick `now`, and takes in new ones. `beside`: they came beside an SRV
 * answer. refs: the records of the first CANDIDATES addresses, 0 for one without; may be NULL.
 */
void candidates_learn(struct table *t, struct name_ref r, const struct address *addrs, size_t n, bool beside, uint32_t now,
		      addr_ref *refs);

/* What the records of an SRV answer say of those that are candidates. */
void candidates_publish(struct table *t, struct name_ref r, const struct srv_record *records, size_t n);

/* Both, for an answer `age_s` seconds ago that another table had: what was seen here since stays as it is. */
void candidates_recall(struct table *t, struct name_ref r, const struct srv_record *records, size_t n, uint32_t now,
		       uint32_t age_s);

/* The candidate came beside an SRV answer, not in one of the name's own. */
void candidates_came_beside(struct table *t, struct name_ref r, addr_ref ref);

/* Priority and weight of the candidate in place `i`; zeros when nothing is known, or the name is no service. */
struct srv_word candidates_srv(const struct table *t, struct name_ref r, unsigned i);

/* Takes in one address whatever gives way, with a rank. False: no room. */
bool candidates_rank(struct table *t, struct name_ref r, addr_ref addr, uint8_t rank);

/* Takes the rank from every candidate of the family. */
void candidates_unrank(struct table *t, struct name_ref r, enum family f);

/* Forgets when the candidates of the family that are not in `addrs` were published. */
void candidates_unsee(struct table *t, struct name_ref r, enum family f, const struct address *addrs, size_t n);

#endif
