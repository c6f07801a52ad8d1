/*
 * answer.c: fuzz target for policy/wire/dns-message.c.
 *
 * The input is a message. It is parsed in a buffer of exactly its size, so that
 * AddressSanitizer sees each byte read beside it. If it is an answer, each rewrite is
 * made on a copy and judged: the bytes outside the fields that it may touch are what
 * they were, the message parses to the same records in the same places, and the
 * values are those that were asked for. What to ask for is drawn from the input.
 */
#define CORPUS "tests/fuzz/corpus/answer"
#include "policy/wire/dns-message.h"
#include "tests/fuzz/replay.h"

#include <string.h>

/* The message before, and what it says. */
struct subject {
	const uint8_t *msg;
	size_t len;
	struct answer a;
	uint64_t dice;
};

static uint64_t roll(uint64_t *dice, uint64_t n)
{
	*dice = *dice * 6364136223846793005u + 1442695040888963407u;
	return (*dice >> 33) % n;
}

static uint8_t *exact_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);
	claim(copy || size == 0);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

static size_t rdata_size(const struct answer *a)
{
	return a->question.type == WIRE_A ? 4 : a->question.type == WIRE_AAAA ? 16 : 2;
}

/* Puts the fields that a rewrite may touch back as they were; then nothing may differ. */
static void only_fields_changed(const struct subject *s, const uint8_t *after)
{
	uint8_t *restored = exact_copy(after, s->len);
	for (size_t i = 0; i < s->a.n; i++) {
		const struct answer_record *r = &s->a.record[i];
		memcpy(restored + r->rdata_at, s->msg + r->rdata_at, rdata_size(&s->a));
		if (s->a.question.type != WIRE_SRV)
			memcpy(restored + r->ttl_at, s->msg + r->ttl_at, 4);
	}
	claim(memcmp(restored, s->msg, s->len) == 0);
	free(restored);
}

static void parses_alike(const struct subject *s, const uint8_t *after, struct answer *b)
{
	claim(answer_parse(after, s->len, b) == ANSWER_OK);
	claim(b->n == s->a.n && b->extras == s->a.extras);
	claim(b->more == s->a.more && b->has_rrsig == s->a.has_rrsig);
	claim(memcmp(&b->question, &s->a.question, sizeof b->question) == 0);
	for (size_t i = 0; i < b->n; i++)
		claim(b->record[i].ttl_at == s->a.record[i].ttl_at && b->record[i].rdata_at == s->a.record[i].rdata_at);
	for (size_t i = 0; i < b->extras; i++)
		claim(b->extra[i].record == s->a.extra[i].record &&
		      address_equal(&b->extra[i].address, &s->a.extra[i].address));
}

static void shuffled(uint8_t order[static ANSWER_MAX], size_t n, uint64_t *dice)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = roll(dice, i + 1);
		order[i] = order[k];
		order[k] = (uint8_t)i;
	}
}

static void try_order(struct subject *s)
{
	uint8_t order[ANSWER_MAX], *msg = exact_copy(s->msg, s->len);
	struct answer b;
	shuffled(order, s->a.n, &s->dice);
	bool done = answer_order(msg, &s->a, order, s->a.n);
	claim(done == (s->a.question.type != WIRE_SRV));
	only_fields_changed(s, msg);
	parses_alike(s, msg, &b);
	for (size_t i = 0; done && i < b.n; i++) {
		const struct answer_record *from = &s->a.record[order[i]];
		claim(address_equal(&b.record[i].address, &from->address) && b.record[i].ttl == from->ttl);
	}
	order[0] = s->a.n > 1 ? order[1] : 1;
	memcpy(msg, s->msg, s->len);
	claim(!answer_order(msg, &s->a, order, s->a.n) && memcmp(msg, s->msg, s->len) == 0);
	free(msg);
}

static void check_ttl(uint32_t before, uint32_t cap, uint32_t after)
{
	claim(after >= 1 && (after <= cap || cap == 0) && (after <= before || before == 0));
	claim(after == before || after == cap || after == 1);
}

static void try_only(struct subject *s)
{
	static const uint8_t pin_bytes[16] = {0x20, 1, 0xd, 0xb8, [15] = 0x99};
	uint8_t *msg = exact_copy(s->msg, s->len);
	uint32_t cap = (uint32_t)roll(&s->dice, 3) * 30;
	struct address pin;
	struct answer b;
	address_from_bytes(s->a.question.type == WIRE_A ? AF_INET : AF_INET6, pin_bytes, &pin);
	bool done = answer_only(msg, &s->a, &pin, cap);
	claim(done == (s->a.question.type != WIRE_SRV && !s->a.more && !s->a.has_rrsig));
	claim(done || memcmp(msg, s->msg, s->len) == 0);
	only_fields_changed(s, msg);
	parses_alike(s, msg, &b);
	for (size_t i = 0; done && i < b.n; i++) {
		claim(address_equal(&b.record[i].address, &pin));
		check_ttl(s->a.record[i].ttl, cap, b.record[i].ttl);
	}
	free(msg);
}

/* The others keep their priorities, or all go up by one where 0 was taken. */
static void check_priorities(const struct answer *before, const struct answer *after, size_t pinned)
{
	for (size_t i = 0; i < after->n; i++) {
		uint16_t was = before->record[i].srv.priority, is = after->record[i].srv.priority;
		if (i == pinned)
			continue;
		claim(after->record[pinned].srv.priority < is);
		claim(is == was || (is == was + 1 && after->record[pinned].srv.priority == 0));
	}
}

static void try_srv_first(struct subject *s)
{
	uint8_t *msg = exact_copy(s->msg, s->len);
	size_t pinned = roll(&s->dice, s->a.n);
	struct answer b;
	bool done = answer_srv_first(msg, &s->a, pinned);
	claim(done == (s->a.question.type == WIRE_SRV && !s->a.more && !s->a.has_rrsig));
	claim(done || memcmp(msg, s->msg, s->len) == 0);
	only_fields_changed(s, msg);
	parses_alike(s, msg, &b);
	if (done)
		check_priorities(&s->a, &b, pinned);
	memcpy(msg, s->msg, s->len);
	claim(!answer_srv_first(msg, &s->a, s->a.n) && memcmp(msg, s->msg, s->len) == 0);
	free(msg);
}

static void check_name(const struct name *n)
{
	claim(n->len <= NAME_MAX_LEN && n->len == strlen(n->text));
	struct name again;
	claim(n->len == 0 || (name_canonical(n->text, &again) == NAME_OK && memcmp(n, &again, sizeof again) == 0));
}

static void try_targets(const struct subject *s)
{
	struct name target;
	for (size_t i = 0; i <= s->a.n; i++)
		if (answer_target(s->msg, s->len, &s->a, i, &target)) {
			claim(i < s->a.n && target.len > 0);
			check_name(&target);
		}
}

/* A question reads the same in a query and in its answer. */
static void try_question(const struct subject *s, enum answer_status status)
{
	uint8_t *msg = exact_copy(s->msg, s->len);
	struct question q;
	claim(answer_question(msg, s->len, &q) == ANSWER_NOT || s->len < 3 || !(msg[2] & 0x80));
	if (s->len > 2)
		msg[2] ^= 0x80;
	enum answer_status asked = answer_question(msg, s->len, &q);
	check_name(&q.name);
	if (status == ANSWER_OK)
		claim(asked == ANSWER_OK && memcmp(&q, &s->a.question, sizeof q) == 0);
	free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *msg = exact_copy(data, size);
	struct subject s = {.msg = msg, .len = size, .dice = size};
	for (size_t i = 0; i < size; i++)
		s.dice = (s.dice ^ data[i]) * 1099511628211u;
	enum answer_status status = answer_parse(msg, size, &s.a);
	claim(s.a.n <= ANSWER_MAX && s.a.extras <= ANSWER_MAX && (s.a.n > 0) == (status == ANSWER_OK));
	claim((s.a.rcode != 0) == (status == ANSWER_ERROR) || status != ANSWER_OK);
	check_name(&s.a.question.name);
	try_question(&s, status);
	if (status == ANSWER_OK) {
		try_targets(&s);
		try_order(&s);
		try_only(&s);
		try_srv_first(&s);
	}
	free(msg);
	return 0;
}
