/* questions.c: see questions.h. */
#include "shim/lookup/questions.h"

#include "policy/base/atomic.h"
#include "policy/base/hash.h"

static word64 sent[QUESTIONS];		/* a ring; 0: none yet */
static word64 count;			/* how many were ever sent */

static uint64_t word_of(const struct question *q, uint64_t server)
{
	const uint64_t w[] = {q->id, q->type, name_hash(&q->name, 1), server};
	return hash_words(w, 4, 2) | 1;
}

static word64 *place(uint64_t n) { return &sent[n % QUESTIONS]; }

void questions_note(const struct question *q, uint64_t server)
{
	const uint64_t word = word_of(q, server), n = get64(&count);
	if (n == 0 || get64(place(n - 1)) != word)
		put64(place(add64(&count, 1)), word);
}

bool questions_has(const struct question *q, uint64_t server)
{
	const uint64_t word = word_of(q, server), n = get64(&count), oldest = n > QUESTIONS ? n - QUESTIONS : 0;
	for (uint64_t i = n; i > oldest; i--)
		if (get64(place(i - 1)) == word)
			return true;
	return false;
}
