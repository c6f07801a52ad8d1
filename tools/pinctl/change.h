/* change.h: takes a name's answer from DNS into the table, and tells what that changed. */
#ifndef STICKYDNS_CHANGE_H
#define STICKYDNS_CHANGE_H

#include "policy/pins/admin.h"
#include "policy/pins/view.h"
#include "tools/pinctl/resolve.h"

enum result {
	NOTHING,			/* no pin, and no record of this family */
	RENEWED,			/* the pin is published */
	DROPPED,			/* it is not, and was an auto pin */
	KEPT,				/* it is not, and is an explicit one */
	LEARNED,			/* no pin; candidates */
};

const char *result_text(enum result r);

struct change {
	enum result result;
	bool has_pin;
	struct address pin;		/* as it was */
	uint32_t ttl;
	size_t published;
};

/*
 * Takes in what DNS says of `name`: both families, or in change[FAMILY_SRV] the
 * targets of a service, whose hosts get records. `before`: the name as it was.
 */
enum admin_status change_take(struct table *t, const struct name *name, const struct reply reply[static FAMILIES],
			     const struct name_view *before, struct change change[static FAMILIES]);

#endif
