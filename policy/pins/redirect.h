/*
 * redirect.h: where a packet goes that a program sends to a candidate.
 *
 * Programs sort answers again, cache them, or resolve only once. So what they send to a
 * candidate of a name is redirected to the name's pin: TCP connects, and initial SIP
 * requests over UDP. This holds on ports where SIP is spoken: 5060 and 5061 (RFC 3261
 * 19.1.2), a port from an SRV record, and one where SIP was seen. The caller knows what
 * must stay: requests within a dialog, ACK, CANCEL, and retransmissions.
 */
#ifndef STICKYDNS_REDIRECT_H
#define STICKYDNS_REDIRECT_H

#include "policy/table/names.h"

enum redirect_kind {
	REDIRECT_CONNECT,			/* a TCP connect */
	REDIRECT_REQUEST,			/* an initial SIP request over UDP */
	REDIRECT_DATAGRAM,			/* any other: moved only where `steer = on` */
};

/* The program that sends it. */
struct asker {
	const struct name_ref *names;	/* what this process looked up of late */
	size_t n;
	bool (*wants)(const struct name *n);	/* is the name to be touched in it at all? NULL: any */
	bool (*was_given)(const struct name *n, const struct address *a);	/* that address by that name? NULL: all */
	bool (*asked)(struct name_ref name);	/* was it ever looked up? Also true by chance. NULL: only `names` were */
};

/*
 * True: to *to instead of `e`, of the same family and transport, with the port of
 * the pinned SRV target or that of `e`. False: as asked. So it is when `e` is no
 * candidate, or the pin itself; when an auto pin is not fit; when the names that hold
 * the address, and of those the ones with the highest standing (standing.h), disagree;
 * where `steer` forbids it.
 *
 * Only names count that the program wants and, but for `steer = on`, that gave it the address;
 * of those the ones that this process looked up of late, if some hold the address. Beside these, one of a higher standing
 * that gave it the address is followed; one that did not, or one as high that it looked up at some time, leaves it as
 * asked where it differs. A target's own pin counts only if it was asked for for itself, else that of the service. No
 * system call, nothing written.
 */
bool pins_redirect(const struct table *t, const struct endpoint *e, enum redirect_kind kind, const struct asker *who,
		struct endpoint *to);

/*
 * Is what becomes of this address to be judged for a program of these wishes (asker.wants)? Not
 * if no name that holds it is both sticky and wanted; one that nobody holds is nobody's but theirs who want all.
 */
bool pins_concern(const struct table *t, addr_ref addr, bool (*wants)(const struct name *n));

/*
 * A number that is another one whenever a pin, an endpoint's health or a setting
 * has changed. For caches of what pins_redirect said; they must not outlive a second
 * all the same, since cool-offs end without a trace. Two loads.
 */
static inline uint64_t pins_epoch(const struct table *t)
{
	return seen64(&t->header->journal_next) ^ (uint64_t)get32(&t->header->settings_bank) << 48;
}

#endif
