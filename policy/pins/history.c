/* history.c: see history.h. */
#include "policy/pins/history.h"

#include <string.h>

#include "policy/pins/srv.h"

/* A target has another hash in each table. False: nobody knows its host any more. */
static bool translate(const struct table *to, const struct table *from, struct address *a)
{
	struct name_ref ref;
	struct name host;
	if (!address_is_target(a))
		return true;
	if (!target_host(from, a, &ref, &host))
		return false;
	*a = addr_of_target(to, &host, target_port(a));
	return true;
}

void history_leave(struct table *to, const struct table *from, bool published, enum cause why)
{
	if (published)
		journal_write(to, &(struct event){.kind = EVENT_REPLACED, .cause = (uint8_t)why});
	else
		put32(&to->header->generation, get32(&from->header->generation) + 1);
}

void history_left_out(struct table *to, const struct table *from, const struct name *n, struct name_ref theirs)
{
	struct event e = {.kind = EVENT_EVICTED, .cause = CAUSE_FULL};
	memcpy(e.name, n->text, sizeof e.name);
	for (unsigned f = 0; f < FAMILIES; f++) {
		const struct pin p = pin_unpack(seen64(&name_hot(from, theirs)->pin[f]));
		e.is_explicit = p.is_explicit;
		e.has_addr = p.reuse == name_reuse(theirs) && addr_read(from, p.ref, &e.addr) && translate(to, from, &e.addr);
		if (e.has_addr)
			journal_write(to, &e);
	}
}

void history_take(struct table *to, const struct table *from, bool published, enum cause why)
{
	const uint64_t next = journal_next(from), oldest = journal_oldest(from), room = to->layout.events - 1;
	uint64_t lost = 0, seq = next - oldest > room ? next - room : oldest;
	while (published && seq < next) {
		struct event e;
		switch (journal_read(from, &seq, &e, &lost)) {
		case JOURNAL_OK:
			e.has_addr = e.has_addr && translate(to, from, &e.addr);
			e.has_old = e.has_old && translate(to, from, &e.old);
			journal_take(to, &e);
			break;
		case JOURNAL_NONE: seq++; break;	/* of a writer that died, or is at it */
		case JOURNAL_LOST: break;
		}
	}
	history_leave(to, from, published, why);
}
