/* candidates.c: the addresses that a name record knows. See candidates.h. */
#include "policy/pins/candidates.h"

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/table/addresses.h"
#include "policy/table/index.h"
#include "policy/table/insert.h"

enum { SETTLED_S = 60, USED_S = 60, ROUNDS = 16 };

/* How many places the record has. */
static unsigned places(const struct table *t, struct name_ref r) { return table_is_service(t, r) ? TARGETS : CANDIDATES; }

/* Pins are held by the pin words themselves, so only the list's own rules are asked. */
static bool is_pinned(const struct table *t, struct name_ref r, addr_ref ref)
{
	const struct name_hot *hot = name_hot(t, r);
	for (unsigned f = 0; f < FAMILIES; f++)
		if (pin_unpack(get64(&hot->pin[f])).ref == ref || confirmed_unpack(get64(&hot->confirmed[f])).ref == ref)
			return true;
	return false;
}

/* How gladly this word gives way: 0 never, UINT32_MAX it is free. With settled_s 0 only ranks stay. */
static uint32_t yields(const struct table *t, struct name_ref r, uint64_t word, uint32_t now_s, uint32_t settled_s)
{
	struct candidate_word c = name_candidate(r, word);
	if (!addr_at(t, c.ref))
		return UINT32_MAX;
	uint32_t age = seen_age(c.seen, now_s);
	if (c.rank || (settled_s && (age <= settled_s || is_pinned(t, r, c.ref))))
		return 0;
	return age == 0 ? 1 : age < UINT32_MAX ? age : UINT32_MAX - 1;
}

/* The candidate's word, or NULL. */
static word64 *word_of(const struct table *t, struct name_ref r, addr_ref ref)
{
	word64 *words = name_cold(t, r)->candidates;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		const uint64_t word = get64(&words[i]);
		if (candidate_ref_of(word) == ref && name_candidate(r, word).ref == ref)
			return &words[i];
	}
	return NULL;
}

/* The word that gives way most gladly, as it was; false: none does. */
struct place {
	word64 *at;
	uint64_t word;
};

static bool find_place(const struct table *t, struct name_ref r, uint32_t now_s, uint32_t settled_s, struct place *out)
{
	word64 *words = name_cold(t, r)->candidates;
	uint32_t most = 0;
	for (unsigned i = 0, n = places(t, r); i < n && most < UINT32_MAX; i++) {
		uint64_t word = get64(&words[i]);
		uint32_t y = yields(t, r, word, now_s, settled_s);
		if (y > most) {
			most = y;
			*out = (struct place){&words[i], word};
		}
	}
	return most > 0;
}

/* Copies that another process, as quick as this one, put behind the first. One with a rank stays: readers merge. */
static void drop_copies(struct table *t, struct name_ref r, addr_ref ref, const word64 *first)
{
	word64 *words = name_cold(t, r)->candidates;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		uint64_t word = get64(&words[i]);
		struct candidate_word c = name_candidate(r, word);
		if (&words[i] > first && c.ref == ref && c.rank == 0)
			cas64(&words[i], word, 0);
	}
}

static bool take_in(struct table *t, struct name_ref r, struct candidate_word c, const struct place *at)
{
	c.reuse = name_reuse(r) & 15u;
	if (!cas64(at->at, at->word, candidate_pack(c)))
		return false;
	if (word_of(t, r, c.ref) != at->at || !name_current(t, r))	/* or the record was given away meanwhile */
		return cas64(at->at, candidate_pack(c), 0), false;
	drop_copies(t, r, c.ref, at->at);
	index_add(t, c.ref, r);
	return true;
}

static void see_again(word64 *w, struct name_ref r, addr_ref ref, uint32_t now_s)
{
	uint64_t word = get64(w);
	struct candidate_word c = name_candidate(r, word);
	if (c.ref != ref || c.seen == seen_stamp(now_s))
		return;
	c.seen = seen_stamp(now_s);
	cas64(w, word, candidate_pack(c));
}

static void stamp_used(struct addr_record *a, uint32_t now)
{
	if (a && !tick_within(now, get32(&a->used), USED_S))
		put32(&a->used, now);
}

static void note_whence(struct table *t, struct name_ref r, const word64 *w, bool beside)
{
	word32 *moves = &name_cold(t, r)->moves;
	const unsigned i = (unsigned)(w - name_cold(t, r)->candidates);
	const uint32_t old = get32(moves);
	if (came_beside(old, i) != beside)
		cas32(moves, old, old ^ 1u << i);
}

static void note_own_answer(struct table *t, struct name_ref r)
{
	word32 *w = &name_cold(t, r)->family_port;
	const uint32_t old = get32(w);
	if (!had_own_answer(old))
		cas32(w, old, old | OWN_ANSWER);
}

/* An address gets a record only if there is a place for it. */
static addr_ref see(struct table *t, struct name_ref r, const struct address *addr, bool beside, uint32_t now)
{
	struct place at;
	const uint32_t now_s = now / TICKS_PER_S;
	addr_ref ref = addr_find(t, addr);
	word64 *w = ref ? word_of(t, r, ref) : NULL;
	if (w)
		see_again(w, r, ref, now_s);
	else if (find_place(t, r, now_s, SETTLED_S, &at) && (ref || (ref = addr_insert(t, addr))) &&
		 take_in(t, r, (struct candidate_word){.ref = ref, .seen = seen_stamp(now_s)}, &at))
		w = at.at;
	if (w)
		note_whence(t, r, w, beside);
	stamp_used(addr_at(t, ref), now);
	return ref;
}

void candidates_learn(struct table *t, struct name_ref r, const struct address *addrs, size_t n, bool beside, uint32_t now,
		      addr_ref *refs)
{
	for (size_t i = 0; i < n && i < CANDIDATES; i++) {
		const addr_ref ref = t->writable ? see(t, r, &addrs[i], beside, now) : 0;
		if (refs)
			refs[i] = ref;
	}
	if (t->writable && n > 0 && !beside)
		note_own_answer(t, r);
}

/* ---- what SRV records say of them ---- */

static void publish(word64 *words, unsigned i, struct name_ref r, const struct srv_record *rec)
{
	const struct candidate_word c = name_candidate(r, get64(&words[i]));
	const struct srv_word s = {rec->priority, rec->weight, c.ref, c.reuse};
	if (get64(&words[TARGETS + i]) != srv_pack(s))
		put64(&words[TARGETS + i], srv_pack(s));
}

void candidates_publish(struct table *t, struct name_ref r, const struct srv_record *records, size_t n)
{
	word64 *words = name_cold(t, r)->candidates;
	for (unsigned i = 0; t->writable && i < TARGETS; i++) {
		struct address a;
		if (!addr_read(t, name_candidate(r, get64(&words[i])).ref, &a))
			continue;
		for (size_t k = 0; k < n; k++)
			if (address_equal(&records[k].target, &a))
				publish(words, i, r, &records[k]);
	}
}

struct srv_word candidates_srv(const struct table *t, struct name_ref r, unsigned i)
{
	const word64 *words = name_cold(t, r)->candidates;
	if (i >= TARGETS)
		return (struct srv_word){0};
	return srv_unpack(get64(&words[TARGETS + i]), name_candidate(r, get64(&words[i])));
}

/* ---- as another table knew them ---- */

/* False: it was seen here since, or everything that is here was. */
static bool recall(struct table *t, struct name_ref r, const struct address *addr, uint32_t now, uint32_t age_s)
{
	struct place at;
	const uint32_t now_s = now / TICKS_PER_S;
	addr_ref ref = addr_find(t, addr);
	word64 *w = ref ? word_of(t, r, ref) : NULL;
	if (w && seen_age(name_candidate(r, get64(w)).seen, now_s) <= age_s)
		return false;
	if (w)
		see_again(w, r, ref, now_s - age_s);
	else if (!find_place(t, r, now_s, SETTLED_S, &at) || seen_age(name_candidate(r, at.word).seen, now_s) <= age_s ||
		 !(ref || (ref = addr_insert(t, addr))) ||
		 !take_in(t, r, (struct candidate_word){.ref = ref, .seen = seen_stamp(now_s - age_s)}, &at))
		return false;
	stamp_used(addr_at(t, ref), now);
	return true;
}

void candidates_recall(struct table *t, struct name_ref r, const struct srv_record *records, size_t n, uint32_t now,
		       uint32_t age_s)
{
	const bool service = table_is_service(t, r);
	for (size_t i = 0; t->writable && age_s <= SEEN_MAX_S && i < n && i < CANDIDATES; i++)
		if (recall(t, r, &records[i].target, now, age_s) && service)
			candidates_publish(t, r, &records[i], 1);
}

void candidates_came_beside(struct table *t, struct name_ref r, addr_ref ref)
{
	const word64 *w = word_of(t, r, ref);
	if (w)
		note_whence(t, r, w, true);
}

/* ---- by hand ---- */

bool candidates_rank(struct table *t, struct name_ref r, addr_ref addr, uint8_t rank)
{
	const struct candidate_word fresh = {.ref = addr, .rank = rank};
	for (int round = 0; round < ROUNDS; round++) {
		struct place at;
		word64 *w = word_of(t, r, addr);
		if (!w && find_place(t, r, tick_now() / TICKS_PER_S, 0, &at) && take_in(t, r, fresh, &at))
			return true;
		uint64_t word = w ? get64(w) : 0;
		struct candidate_word c = name_candidate(r, word);
		c.rank = rank;
		if (c.ref == addr && cas64(w, word, candidate_pack(c)))
			return true;
	}
	return false;
}

/* Applies `change` to every candidate of the family that it wants changed. */
static void each(struct table *t, struct name_ref r, enum family f,
		 bool (*change)(struct candidate_word *c, const struct address *a, const void *arg), const void *arg)
{
	word64 *words = name_cold(t, r)->candidates;
	for (unsigned i = 0; i < CANDIDATES; i++) {
		struct address a;
		uint64_t word = get64(&words[i]);
		struct candidate_word c = name_candidate(r, word);
		if (addr_read(t, c.ref, &a) && address_family(&a) == f && change(&c, &a, arg))
			cas64(&words[i], word, candidate_pack(c));
	}
}

static bool unrank(struct candidate_word *c, const struct address *a, const void *arg)
{
	(void)a, (void)arg;
	bool had = c->rank != 0;
	c->rank = 0;
	return had;
}

void candidates_unrank(struct table *t, struct name_ref r, enum family f)
{
	each(t, r, f, unrank, NULL);
}

struct published {
	const struct address *addrs;
	size_t n;
};

static bool unsee(struct candidate_word *c, const struct address *a, const void *arg)
{
	const struct published *p = arg;
	for (size_t i = 0; i < p->n; i++)
		if (address_equal(&p->addrs[i], a))
			return false;
	c->seen = 0;
	return true;
}

void candidates_unsee(struct table *t, struct name_ref r, enum family f, const struct address *addrs, size_t n)
{
	const struct published p = {addrs, n};
	each(t, r, f, unsee, &p);
}
