/* filter.c: which endpoints of an address count for a name. See snapshot.h. */
#include "policy/pins/snapshot.h"

#include "policy/pins/srv.h"

bool filter_takes(struct endpoint_filter r, struct health h)
{
	return (r.port == 0 || h.port == r.port) && (r.transport == TRANSPORT_ANY || h.transport == r.transport);
}

bool filter_takes_other(struct endpoint_filter r, struct health other)
{
	return (r.port == 0 && r.transport == TRANSPORT_ANY) || other.last_cause == CAUSE_BY_HAND;
}

struct endpoint_filter filter_of(const struct table *t, struct name_ref ref, enum family f)
{
	const struct name_hot *hot = name_hot(t, ref);
	const enum family order[] = {f, f == FAMILY_V4 ? FAMILY_V6 : FAMILY_V4};
	if (table_is_service(t, ref))
		return service_filter(t, ref);
	for (unsigned i = 0; i < FAMILIES; i++) {
		struct confirmed c = confirmed_unpack(get64(&hot->confirmed[order[i]]));
		if (c.ref && c.reuse == name_reuse(ref))
			return (struct endpoint_filter){c.transport, c.port};
	}
	return (struct endpoint_filter){0};
}
