/* vain.c: see vain.h. */
#include "vain.h"

#include "decide.h"
#include "record.h"
#include "tick.h"

enum { ENTRIES = 32 };

static word64 vain[ENTRIES];		/* hash of the endpoint 32 | tick 32; 0: none */
static word32 any;

static uint64_t hash_of(const struct endpoint *e) { return endpoint_key(e, 0); }

static word64 *entry_of(uint64_t hash) { return &vain[hash_slot(hash, ENTRIES)]; }

static bool is_of(uint64_t entry, uint64_t hash) { return entry && entry >> 32 == (uint32_t)hash; }

void vain_note(const struct endpoint *e)
{
	const uint64_t hash = hash_of(e);
	put64(entry_of(hash), (uint64_t)(uint32_t)hash << 32 | tick_now());
	put32(&any, 1);
}

void vain_over(const struct endpoint *e)
{
	const uint64_t hash = get32(&any) ? hash_of(e) : 0;
	if (hash && is_of(get64(entry_of(hash)), hash))
		put64(entry_of(hash), 0);
}

bool vain_lately(const struct endpoint *e)
{
	const uint64_t hash = get32(&any) ? hash_of(e) : 0;
	const uint64_t entry = hash ? get64(entry_of(hash)) : 0;
	return is_of(entry, hash) && tick_within(tick_now(), (uint32_t)entry, PATH_S);
}
