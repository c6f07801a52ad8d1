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
	REDIRECT_DATAGRAM,			/* any other: redirected only where `steer = on` */
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
 * True: the packet goes to *to instead of `e`. It has the family and transport of `e`, and the port of the pinned SRV
 * target, or that of `e`. False: it goes where the program sent it, because
 *
 *   `e` is no candidate, or is the pin itself;
 *   the auto pin is not fit;
 *   `steer` forbids it;
 *   of the names that are asked, those with the highest standing (standing.h) disagree.
 *
 * The names are asked in this order:
 *
 *   1. Only names that this program wants. Without `steer = on`, only those that gave it the address.
 *   2. Of these, the ones that it looked up of late, if any of them holds the address; else all.
 *   3. A name of higher standing that gave it the address overrules those of 2.
 *   4. If another name of higher standing leads elsewhere, or one as high that it once looked up: as asked.
 *
 * The host of a target speaks for itself only if it was asked for itself; else the service speaks. No system call, nothing
 * is written.
 */
bool pins_redirect(const struct table *t, const struct endpoint *e, enum redirect_kind kind, const struct asker *who,
		struct endpoint *to);

/*
 * Is this address to be judged for a program that wants these names (asker.wants)? Yes if a name that holds it is sticky
 * and wanted. If no name holds it: only if the program wants all (NULL).
 */
bool pins_concern(const struct table *t, addr_ref addr, bool (*wants)(const struct name *n));

/*
 * A number that changes when a pin, an endpoint's health or a setting changes. Caches of pins_redirect() compare it. They
 * must not outlive a second all the same, since cool-offs end without a trace. Two loads.
 */
static inline uint64_t pins_epoch(const struct table *t)
{
	return seen64(&t->header->journal_next) ^ (uint64_t)get32(&t->header->settings_bank) << 48;
}

#endif
