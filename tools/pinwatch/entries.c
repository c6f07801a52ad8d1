/*
 * entries.c: see entries.h.
 *
 * Open addressing with linear probing; an entry that goes leaves a mark, and the
 * marks go when the table is laid out anew.
 */
#include "tools/pinwatch/entries.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/base/hash.h"
#include "tools/pinwatch/steered.h"

enum { FREE, GONE, LIVE };
enum { ROOM_LEAST = 256, ROUNDS_KEPT = 2 };

static bool is_same(const struct endpoint *a, const struct endpoint *b)
{
	return address_equal(&a->addr, &b->addr) && a->port == b->port && a->transport == b->transport;
}

/* ---- the kernel's map ---- */

static struct steer_key key_of(const struct entries *e, const struct endpoint *asked)
{
	struct steer_key k = {.netns = e->netns, .port = asked->port, .transport = asked->transport};
	memcpy(k.addr, asked->addr.bytes, sizeof k.addr);
	return k;
}

static bool tell_kernel(const struct entries *e, const struct entry *t)
{
	const struct steer_key k = key_of(e, &t->asked);
	struct steer_to to = {.port = t->to.port, .failed = t->failed};
	memcpy(to.addr, t->to.addr.bytes, sizeof to.addr);
	return e->map == -1 || bpf_map_update_elem(e->map, &k, &to, BPF_ANY) == 0;
}

static void say(const struct entries *e, const struct entry *t)
{
	char from[ADDRESS_TEXT], to[ADDRESS_TEXT];
	if (!e->verbose)
		return;
	address_format(&t->asked.addr, from);
	address_format(&t->to.addr, to);
	if (is_same(&t->asked, &t->to))
		printf("%s %u/%s: as asked\n", from, t->asked.port, transport_text(t->asked.transport));
	else
		printf("%s %u/%s: to %s %u\n", from, t->asked.port, transport_text(t->asked.transport), to, t->to.port);
	fflush(stdout);
}

/* ---- the copy ---- */

static size_t start_of(const struct entries *e, const struct endpoint *asked)
{
	const uint64_t w[] = {asked->addr.words[0], asked->addr.words[1], (uint64_t)asked->port << 8 | asked->transport};
	return hash_words(w, 3, e->netns | 1) & (e->room - 1);
}

/* Its slot, or the one for it. The room is never full. */
static struct entry *find(const struct entries *e, const struct endpoint *asked)
{
	struct entry *gone = NULL;
	for (size_t i = start_of(e, asked);; i = (i + 1) & (e->room - 1)) {
		struct entry *t = &e->slots[i];
		if (t->state == FREE)
			return gone ? gone : t;
		if (t->state == LIVE && is_same(&t->asked, asked))
			return t;
		if (t->state == GONE && !gone)
			gone = t;
	}
}

static bool lay_out(struct entries *e, size_t room)
{
	struct entries old = *e;
	struct entry *slots = calloc(room, sizeof *slots);
	if (!slots)
		return false;
	e->slots = slots;
	e->room = room;
	e->used = e->live;
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].state == LIVE)
			*find(e, &old.slots[i].asked) = old.slots[i];
	free(old.slots);
	return true;
}

/* Room for one more, at most half of it used. */
static bool make_room(struct entries *e)
{
	if (2 * (e->used + 1) <= e->room)
		return true;
	return lay_out(e, 4 * (e->live + 1) <= e->room ? e->room : e->room ? 2 * e->room : ROOM_LEAST);
}

bool entries_put(struct entries *e, const struct endpoint *asked, const struct endpoint *to, bool failed)
{
	struct entry *t = make_room(e) ? find(e, asked) : NULL;
	if (!t)
		return false;
	const bool is_new = t->state != LIVE;
	const struct entry next = {*asked, *to, e->round, LIVE, failed};
	if (!is_new && t->failed == failed && is_same(&t->to, to)) {
		t->wanted = e->round;
		return true;
	}
	if (!tell_kernel(e, &next)) {
		e->refused++;
		return false;
	}
	e->used += t->state == FREE;
	e->live += is_new;
	if (is_new ? !is_same(asked, to) : !is_same(&t->to, to))
		say(e, &next);
	*t = next;
	return true;
}

void entries_stay(struct entries *e, const struct endpoint *asked)
{
	struct entry *t = e->room ? find(e, asked) : NULL;
	if (!t || t->state != LIVE || is_same(&t->asked, &t->to))
		return;
	t->to = t->asked;
	t->failed = false;
	t->wanted = e->round;
	tell_kernel(e, t);
	say(e, t);
}

static void forget(struct entries *e, struct entry *t)
{
	const struct steer_key k = key_of(e, &t->asked);
	if (e->map != -1)
		bpf_map_delete_elem(e->map, &k);
	t->state = GONE;
	e->live--;
}

const struct entry *entries_next(const struct entries *e, size_t *cursor)
{
	while (*cursor < e->room) {
		const struct entry *t = &e->slots[(*cursor)++];
		if (t->state == LIVE)
			return t;
	}
	return NULL;
}

void entries_sweep(struct entries *e)
{
	for (size_t i = 0; i < e->room; i++) {
		struct entry *t = &e->slots[i];
		if (t->state == LIVE && is_same(&t->asked, &t->to) && e->round - t->wanted >= ROUNDS_KEPT)
			forget(e, t);
	}
	e->round++;
}

void entries_clear(struct entries *e)
{
	for (size_t i = 0; i < e->room; i++)
		if (e->slots[i].state == LIVE)
			forget(e, &e->slots[i]);
	free(e->slots);
	e->slots = NULL;
	e->room = e->used = e->live = 0;
}
