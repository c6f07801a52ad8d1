/* layout.c: where each part of a table lies. See layout.h. */
#include "policy/table/layout.h"

#include "policy/base/hash.h"
#include "policy/table/words.h"

static uint32_t events_for(uint32_t names)
{
	return names / 2 > EVENTS ? EVENTS : names / 2 < EVENTS_LEAST ? EVENTS_LEAST : names / 2;
}

static size_t page_up(size_t n) { return (n + PAGE - 1) / PAGE * PAGE; }

bool layout_is_huge(const struct layout *l) { return l->cold >= HUGE_FROM; }

struct layout layout_for(uint32_t names, uint32_t addrs)
{
	struct layout l = {
		.name_slots = 2 * names,
		.index_words = INDEX_PER_NAME * names,
		.addr_slots = addrs + addrs / 3,
		.events = events_for(names),
	};
	l.settings = sizeof(struct header);
	l.journal = page_up(l.settings + 2 * sizeof(struct settings_bank));
	l.waits = page_up(l.journal + l.events * sizeof(struct event_record));
	l.hot = page_up(l.waits + WAIT_SETS * WAIT_WAYS * sizeof(struct wait_record));
	l.index = page_up(l.hot + (size_t)l.name_slots * sizeof(struct name_hot));
	l.addrs = page_up(l.index + (size_t)l.index_words * sizeof(word64));
	l.cold = page_up(l.addrs + (size_t)l.addr_slots * sizeof(struct addr_record));
	l.size = page_up(l.cold + (size_t)l.name_slots * sizeof(struct name_cold));
	return l;
}

/* One of each word, in which every field has bits of its own, and units: what moves, or is cut, changes it. */
static uint64_t words_signature(void)
{
	const uint64_t words[] = {
		pin_pack((struct pin){0x87654321, 0x1555, 0xa5, 9, 2, true, false}),
		confirmed_pack((struct confirmed){0x87654321, 5060, 2, 0xa5, 21, true}),
		health_pack((struct health){1, 5060, 0x2aaaaa, 0x1555, 9, 37, true}),
		candidate_pack((struct candidate_word){0x87654321, 0xabcdef, 9, 6}),
		srv_pack((struct srv_word){10, 60, 0x87654321, 9}),
		pending_pack((struct pending){0x87654321, 0x155555, PENDING_REQUEST, 0xa5}),
		unanswered_pack((struct unanswered){0x87654321, 0xabcd, 5060}),
		waits_pack((struct waits){0x87654321, 0xabcd, 9, 6, 0xa5}),
		accounts_pack((struct accounts){{0x1234, 0x5678}, {0x9abc, 0xdef0}}),
		ttl_pack(0x12345, 3), with_led_port(with_first(OWN_ANSWER, 2), 5060), used_looked_up(0x87654321),
		KEY_EMPTY, KEY_CLAIMED, KEY_LIVE, KEY_RETIRED, ACCOUNT_UNIT_S,
		key_make(~UINT64_C(0), 0x155555, KEY_LIVE), ref_make(0x12345, key_make(0, 0x2aa, KEY_LIVE)),
	};
	return hash_words(words, sizeof words / sizeof *words, 0);
}

uint32_t layout_signature(void)
{
	const uint64_t shapes[] = {
		sizeof(struct header), sizeof(struct settings_record), sizeof(struct event_record),
		sizeof(struct name_hot), sizeof(struct name_cold), sizeof(struct addr_record),
		offsetof(struct name_hot, absent), offsetof(struct name_cold, candidates),
		offsetof(struct addr_record, endpoints), CANDIDATES, ENDPOINTS, EVENTS, EVENTS_LEAST, INDEX_PER_NAME,
		sizeof(struct wait_record), WAIT_SETS, SEARCH_MAX, SETTINGS, SETTINGS_HOSTS, DNS_PORTS, HEAD_BYTES, __BYTE_ORDER__,
		offsetof(struct header, growing), offsetof(struct header, generation), words_signature(),
	};
	return (uint32_t)hash_words(shapes, sizeof shapes / sizeof *shapes, 0);
}
