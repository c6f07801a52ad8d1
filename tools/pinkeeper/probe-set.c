/* probe-set.c: see probe-set.h. */
#include "tools/pinkeeper/probe-set.h"

#include <stdlib.h>
#include <string.h>

#include "policy/base/hash.h"

enum { INDEX = 4 * PROBED_MAX };

static size_t place_of(const struct endpoint *e)
{
	const uint64_t words[] = {e->addr.words[0], e->addr.words[1], e->addr.scope, (uint64_t)e->port << 8 | e->transport};
	return hash_words(words, sizeof words / sizeof *words, 1) % INDEX;
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return address_equal(&a->addr, &b->addr) && a->port == b->port && a->transport == b->transport;
}

/* The word of the index that is this endpoint's, or is free for it. At most a quarter of them are in use. */
static uint32_t *index_find(uint32_t *index, const struct probed *all, const struct endpoint *e)
{
	size_t i = place_of(e);
	while (index[i] && !same(&all[index[i] - 1].endpoint, e))
		i = (i + 1) % INDEX;
	return &index[i];
}

bool probe_set_open(struct probe_set *s)
{
	*s = (struct probe_set){
		.now = calloc(PROBED_MAX, sizeof *s->now),
		.next = calloc(PROBED_MAX, sizeof *s->next),
		.index = calloc(INDEX, sizeof *s->index),
		.index_now = calloc(INDEX, sizeof *s->index_now),
	};
	if (s->now && s->next && s->index && s->index_now)
		return true;
	probe_set_close(s);
	return false;
}

void probe_set_close(struct probe_set *s)
{
	free(s->now);
	free(s->next);
	free(s->index);
	free(s->index_now);
	*s = (struct probe_set){0};
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static struct probe_rule strictest(struct probe_rule a, const struct probe_rule *b)
{
	return (struct probe_rule){
		.options = a.options || b->options,
		.interval_s = least(a.interval_s, b->interval_s),
		.timeout_s = least(a.timeout_s, b->timeout_s),
		.rise = a.rise > b->rise ? a.rise : b->rise,
		.fall = least(a.fall, b->fall),
	};
}

void probe_set_want(struct probe_set *s, const struct endpoint *e, const struct probe_rule *rule, uint64_t first_ms)
{
	uint32_t *at = index_find(s->index, s->next, e);
	if (*at) {
		struct probed *p = &s->next[*at - 1];
		p->rule = strictest(p->rule, rule);
		return;
	}
	if (s->n_next == PROBED_MAX) {
		s->passed_over++;
		return;
	}
	s->next[s->n_next] = (struct probed){.endpoint = *e, .due_ms = first_ms, .rule = *rule};
	*at = (uint32_t)++s->n_next;
}

void probe_set_turn(struct probe_set *s)
{
	for (size_t i = 0; i < s->n_next; i++) {
		const struct probe_rule rule = s->next[i].rule;
		const struct probed *known = probe_set_find(s, &s->next[i].endpoint);
		if (known)
			s->next[i] = *known;
		s->next[i].rule = rule;
	}
	struct probed *const all = s->now;
	uint32_t *const index = s->index_now;
	s->now = s->next;
	s->n_now = s->n_next;
	s->index_now = s->index;
	s->next = all;
	s->n_next = 0;
	s->index = index;
	memset(index, 0, INDEX * sizeof *index);
}

void probe_set_drop(struct probe_set *s)
{
	s->n_next = s->n_now = 0;
	memset(s->index, 0, INDEX * sizeof *s->index);
	memset(s->index_now, 0, INDEX * sizeof *s->index_now);
}

struct probed *probe_set_find(struct probe_set *s, const struct endpoint *e)
{
	const uint32_t at = *index_find(s->index_now, s->now, e);
	return at ? &s->now[at - 1] : NULL;
}

enum probe_news probed_after(struct probed *p, bool passed)
{
	p->passed = passed ? p->passed + 1 : 0;
	p->failed = passed ? 0 : p->failed + 1;
	p->failed_before |= !passed;
	if (p->failed > 0 && p->failed >= p->rule.fall)
		return PROBE_FAILED;
	return p->passed > 0 && p->passed >= p->rule.rise ? PROBE_WORKS : PROBE_NO_NEWS;
}

uint64_t probe_interval_ms(uint32_t interval_s, uint32_t dice)
{
	const uint64_t ms = (uint64_t)interval_s * 1000;
	return ms - ms / 10 + dice % (ms / 5 + 1);
}
