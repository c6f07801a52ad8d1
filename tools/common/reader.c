/* reader.c: see reader.h. */
#include "tools/common/reader.h"

struct reader reader_begin(const struct table *t, int left)
{
	return (struct reader){.seq = journal_oldest(t), .came_over = left != READER_NEW, .left = (uint8_t)left};
}

enum reading reader_next(struct reader *r, const struct table *t, uint64_t now_ms, struct event *out)
{
	for (unsigned round = 0; round < 4 * EVENTS; round++) {
		switch (journal_read(t, &r->seq, out, &r->lost)) {
		case JOURNAL_OK:
			if (r->came_over && journal_is_known(out, r->left))
				continue;
			return READ_EVENT;
		case JOURNAL_LOST: continue;
		case JOURNAL_NONE: break;
		}
		const uint64_t next = journal_next(t);
		if (next <= r->seq)
			return READ_END;
		if (journal_oldest(t) > r->seq)
			continue;		/* overwritten while it was read: the next look counts it */
		if (r->seq >= r->waited) {
			r->waited = next;
			r->waited_ms = now_ms;
		}
		if (now_ms - r->waited_ms < UNFINISHED_MS)
			return READ_UNFINISHED;
		r->seq++;
		r->lost++;
	}
	return READ_UNFINISHED;		/* only a hostile table makes a reader catch up for so long */
}

bool reader_is_astray(const struct reader *r, const struct table *t) { return journal_next(t) < r->seq; }
