/* doubts.c: see doubts.h. */
#include "tools/pinwatch/doubts.h"

#include <string.h>

#include "policy/base/hash.h"

bool doubts_met_again(struct doubts *d, const struct sender_key *flow, uint64_t sent, uint64_t heard)
{
	uint64_t word[sizeof *flow / sizeof(uint64_t)];
	memcpy(word, flow, sizeof word);
	struct doubt *s = &d->slot[hash_slot(hash_words(word, sizeof word / sizeof *word, 0), DOUBTS_MAX)];
	const bool unanswered = s->sent > heard && memcmp(&s->flow, flow, sizeof *flow) == 0;
	const bool again = unanswered && sent > s->sent && sent - s->sent >= DOUBT_ANSWER_MS * 1000000ull;
	if (!unanswered || again)
		*s = (struct doubt){*flow, sent};
	return again;
}
