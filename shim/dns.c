/* dns.c: raw DNS answers. See dns.h; answer.h reads and rewrites the messages. */
#include "dns.h"

#include <errno.h>
#include <string.h>

#include "answer.h"
#include "hash.h"
#include "session.h"
#include "tell.h"

enum {
	TYPE_A = 1, TYPE_AAAA = 28,	/* RFC 1035 3.2.2, RFC 3596 2.1 */
	ONLY_TTL_S = 30,		/* of records that all carry the pin */
	ASKED = 256,			/* questions remembered */
};

/* ---- learning and ordering ---- */

static void collect(const struct answer *a, struct pool *p)
{
	p->asked = true;
	p->more = a->more;
	p->n = a->n;
	for (size_t i = 0; i < a->n; i++)
		p->addr[i] = a->record[i].address;
}

/* Which record goes to each place. Double addresses take their records in turn. */
static void find_order(const struct answer *a, const struct pool *p, uint8_t order[static ANSWER_MAX])
{
	bool used[ANSWER_MAX] = {false};
	size_t n = 0;
	for (size_t k = p->extra; k < p->n; k++)
		for (size_t i = 0; i < a->n; i++)
			if (!used[i] && address_equal(&a->record[i].address, &p->addr[k])) {
				used[i] = true;
				order[n++] = (uint8_t)i;
			}
	for (size_t i = 0; i < a->n; i++)
		if (!used[i])
			order[n++] = (uint8_t)i;
}

/* Returns where the pin's record is now, in the words of probe_answer; NULL: no pin leads it. */
static const char *rewrite(uint8_t *msg, const struct answer *a, const struct pool *p, const struct settings *set)
{
	uint8_t order[ANSWER_MAX];
	if (p->n == 0)
		return NULL;
	if (set->value[SET_ANSWER] == ANSWER_ONLY && p->lead != LEAD_NONE && answer_only(msg, a, &p->addr[0], ONLY_TTL_S))
		return "only";
	find_order(a, p, order);
	answer_order(msg, a, order, a->n);
	if (p->lead == LEAD_NONE || p->extra)
		return NULL;		/* an extra pin is none of its records */
	return order[0] == 0 ? "kept" : "first";
}

static void lead(struct table *t, uint8_t *msg, const struct answer *a, const struct name *name)
{
	struct pool pool[FAMILIES] = {0};
	struct name_ref ref;
	struct pool *p = &pool[a->question.type == TYPE_A ? FAMILY_V4 : FAMILY_V6];
	const struct lookup l = {.name = name};
	collect(a, p);
	if (!pins_answer(t, &l, pool, &ref))
		return;
	recent_note(ref);
	tell_lookup(&l, p);
	const struct settings set = settings_for(t, name);
	const char *how = rewrite(msg, a, p, &set);
	if (how)
		probe_answer(name, p, how);
}

/* An answer of ours, with addresses in it. */
static bool is_ours(const uint8_t *msg, size_t len, struct answer *a)
{
	return answer_parse(msg, len, a) == ANSWER_OK &&
	       (a->question.type == TYPE_A || a->question.type == TYPE_AAAA);
}

void dns_answer(uint8_t *msg, size_t len, const char *name)
{
	struct answer a;
	struct name asked;
	struct table *t = session_table();
	int saved = errno;
	if (t && is_ours(msg, len, &a)) {
		bool known = !name || name_canonical(name, &asked) == NAME_OK;
		const struct name *key = name ? &asked : &a.question.name;
		if (known && session_wants(key))
			lead(t, msg, &a, key);
	}
	errno = saved;
}

/* ---- what was asked ---- */

/* A word a question: a hash of its name, type and id. Others' and old ones are written over. */
static word64 asked[ASKED];

static uint64_t question_word(const struct question *q)
{
	const uint64_t w[] = {q->id, q->type, name_hash(&q->name, 1)};
	return hash_words(w, 3, 2) | 1;
}

static word64 *asked_place(const struct question *q) { return &asked[q->id % ASKED]; }

void dns_sent(const void *msg, size_t len)
{
	struct question q;
	int saved = errno;
	if (session_table() && answer_question(msg, len, &q) == ANSWER_OK)
		put64(asked_place(&q), question_word(&q));
	errno = saved;
}

void dns_received(void *msg, size_t len)
{
	struct answer a;
	if (session_table_here() && is_ours(msg, len, &a) && get64(asked_place(&a.question)) == question_word(&a.question))
		dns_answer(msg, len, NULL);
}
