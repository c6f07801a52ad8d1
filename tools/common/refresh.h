/*
 * refresh.h: what DNS said of a name, taken into the table: by hand (pinctl refresh), or by pinkeeper, which follows.
 *
 * Only an answer says that something is not published. As long as one family of a name has no answer, nothing of that name
 * may change.
 */
#ifndef STICKYDNS_REFRESH_H
#define STICKYDNS_REFRESH_H

#include "policy/pins/admin.h"
#include "policy/pins/view.h"
#include "tools/common/reply.h"

/* Why nothing of the name may change: what is wrong with the answer to one of its questions. NULL: all are answered. */
const char *refresh_failure(const struct reply reply[static FAMILIES]);

/* Has DNS no record for the name that leads anywhere? */
bool refresh_is_gone(const struct reply reply[static FAMILIES]);

/* The name's TTL, which is the least of both families'; a family without records has none to give. 0, too, if none has. */
uint32_t refresh_ttl(const struct reply reply[static FAMILIES]);

/* ---- by hand: what is no longer published loses its auto pin at once, without the grace of `absent` ---- */

enum result {
	NOTHING,			/* no pin, and no record of this family */
	RENEWED,			/* the pin is published */
	DROPPED,			/* it is not, and was an auto pin */
	KEPT,				/* it is not, and is an explicit one */
	LEARNED,			/* no pin; candidates */
};

struct change {
	enum result result;
	bool has_pin;
	struct address pin;		/* as it was */
	uint32_t ttl;
	size_t published;
};

/*
 * Takes in both families, or in change[FAMILY_SRV] the targets of a service, whose hosts get records. `before`: the
 * name as it was.
 */
enum admin_status refresh_take(struct table *t, const struct name *name, const struct reply reply[static FAMILIES],
			      const struct name_view *before, struct change change[static FAMILIES]);

/* ---- pinkeeper: as a lookup that gets the answer (follow.h) ---- */

/* `valid_s`: for so long the table may answer with it. Of a name that is gone nothing changes. */
enum admin_status refresh_follow(struct table *t, const struct name *name, const struct reply reply[static FAMILIES],
				uint32_t valid_s);

#endif
