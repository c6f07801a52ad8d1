/* refusals.c: see refusals.h. */
#include "tools/pinwatch/refusals.h"

#include <string.h>

#include "policy/base/hash.h"

static uint32_t slot_of(const struct watch_key *peer, uint64_t port)
{
	uint64_t word[sizeof *peer / sizeof(uint64_t)];
	memcpy(word, peer, sizeof word);
	return hash_slot(hash_words(word, sizeof word / sizeof *word, port), REFUSALS_MAX);
}

void refusals_note(struct refusals *r, const struct watch_key *peer, uint16_t port, uint64_t now)
{
	r->slot[slot_of(peer, port)] = (struct refusal){.peer = *peer, .port = port, .last = now};
}

bool refusals_since(const struct refusals *r, const struct watch_key *peer, uint16_t port, uint64_t since)
{
	const struct refusal *s = &r->slot[slot_of(peer, port)];
	return s->last && s->last >= since && s->port == port && memcmp(&s->peer, peer, sizeof *peer) == 0;
}
