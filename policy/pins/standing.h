/*
 * standing.h: which names decide when several names hold an address.
 *
 * Outsiders can make a program look up names of their own that have others' addresses: a
 * proxy resolves what stands in a Request-URI. So a name that was merely answered for has
 * no say beside one that was confirmed, or that the operator has named. Private to policy/.
 */
#ifndef STICKYDNS_STANDING_H
#define STICKYDNS_STANDING_H

#include "policy/table/names.h"
#include "policy/table/settings.h"

enum standing {
	STANDING_ANSWERED,		/* DNS has answered for it */
	STANDING_CONFIRMED,		/* a server of it has, too */
	STANDING_PROVEN,		/* again and again (worth.h) */
	STANDING_CONFIGURED,		/* it has a pin by hand, or a host block */
};

/* `settings`: what holds for the name. */
enum standing standing_of(const struct table *t, struct name_ref r, const struct effective *settings);

#endif
