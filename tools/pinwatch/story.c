/* story.c: see story.h. */
#include "tools/pinwatch/story.h"

#include <string.h>

#include "policy/pins/view.h"
#include "policy/table/addresses.h"
#include "policy/table/index.h"
#include "policy/table/journal.h"

enum {
	LOOK_BACK = 1024,		/* journal events, at most */
	NAMES_LOOKED_AT = 256,		/* of those that share an address */
	CLOCKS_DIFFER_NS = 1000000,	/* between two readings of two clocks */
};

/* ---- the names ---- */

static bool is_wanted(const char *pattern, const char *text)
{
	struct name n;
	return !pattern || (name_canonical(text, &n) == NAME_OK && name_match(pattern, strlen(pattern), &n));
}

/* Reads the pin of a name into the story, if it is a better one to tell of than what the story has. */
static void consider(const struct table *table, struct name_ref ref, const struct traced *e, const char *of,
		     int *best, struct story *out)
{
	struct name_view v;
	if (!pins_view(table, ref, &v))
		return;
	const struct pin_view *p = &v.pin[address_family(&e->to.addr)];
	const bool here = p->present && address_equal(&p->addr, &e->to.addr);
	const int score = strcmp(v.name.text, of) == 0 ? 3 : here ? 2 : 1;
	if (score <= *best)
		return;
	*best = score;
	memcpy(out->name, v.name.text, sizeof out->name);
	out->pinned = p->present;
	out->pin = p->addr;
}

/* `of`: the name that an effect was of, or "". */
static void find_name(const char *pattern, const struct table *table, const struct traced *e, const char *of,
		      struct story *out)
{
	const addr_ref addr = addr_find(table, &e->to.addr);
	struct name_ref ref, same;
	struct name name;
	uint32_t cursor = 0;
	int best = 0;
	for (size_t i = 0; i < NAMES_LOOKED_AT && index_next(table, addr, &cursor, &ref); i++) {
		if (!table_at(table, ref.slot, &same, &name) || same.key != ref.key || !is_wanted(pattern, name.text))
			continue;
		out->names++;
		consider(table, ref, e, of, &best, out);
	}
}

/* ---- the journal ---- */

/* A program in a pid namespace of its own has another number there; 0: not known. */
static bool same_program(const struct traced *e, const struct event *j)
{
	return e->pid == 0 || j->pid == 0 || e->pid == j->pid || strncmp(e->comm, j->comm, sizeof e->comm) == 0;
}

static bool same_endpoint(const struct traced *e, const struct event *j)
{
	return j->has_addr && address_equal(&j->addr, &e->to.addr) && j->port == e->to.port &&
	       j->transport == e->to.transport;
}

static enum effect effect_of(const struct traced *e, const struct event *j)
{
	switch (j->kind) {
	case EVENT_MOVED:
		if (j->has_old && address_equal(&j->old, &e->to.addr))
			return e->finding.kind == FINDING_WORKS ? EFFECT_NONE : EFFECT_MOVED;
		return same_endpoint(e, j) ? EFFECT_MOVED_HERE : EFFECT_NONE;
	case EVENT_CONFIRMED: return same_endpoint(e, j) ? EFFECT_CONFIRMED : EFFECT_NONE;
	case EVENT_RECOVERED: return same_endpoint(e, j) ? EFFECT_RECOVERED : EFFECT_NONE;
	default: return EFFECT_NONE;
	}
}

static void take_effect(const struct traced *e, const struct event *j, char of[static NAME_BYTES], struct story *out)
{
	const enum effect effect = effect_of(e, j);
	out->cools |= j->kind == EVENT_FAILED && same_endpoint(e, j);
	out->moved += effect == EFFECT_MOVED;
	if (effect == EFFECT_NONE || effect < out->effect)
		return;
	out->effect = effect;
	memcpy(of, j->name, NAME_BYTES);
	if (effect == EFFECT_MOVED || effect == EFFECT_MOVED_HERE)
		out->other = effect == EFFECT_MOVED ? j->addr : j->old;
}

/* Backwards to the event's time. `of`: the name of the greatest effect. */
static void read_journal(const char *pattern, const struct table *table, const struct traced *e,
			 char of[static NAME_BYTES], struct story *out)
{
	const uint64_t next = journal_next(table), oldest = journal_oldest(table);
	uint64_t lost = 0;
	struct event j;
	for (uint64_t n = next; n > oldest && next - n < LOOK_BACK; n--) {
		uint64_t at = n - 1;
		if (journal_read(table, &at, &j, &lost) != JOURNAL_OK)
			continue;
		if (j.time_ns + CLOCKS_DIFFER_NS < e->time_ns)
			break;
		if (same_program(e, &j) && (!*j.name || is_wanted(pattern, j.name)))
			take_effect(e, &j, of, out);
	}
}

bool story_of(const struct tables *t, const char *pattern, const struct traced *e, struct story *out)
{
	*out = (struct story){0};
	for (size_t i = 0; i < t->n && out->names == 0; i++) {
		const struct served *s = &t->served[i];
		char of[NAME_BYTES] = "";
		if (s->state != TABLE_SERVED || s->netns != e->netns || !addr_find(&s->table, &e->to.addr))
			continue;
		*out = (struct story){0};
		read_journal(pattern, &s->table, e, of, out);
		find_name(pattern, &s->table, e, of, out);
	}
	return out->names > 0 || !pattern;
}
