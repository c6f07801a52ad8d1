/* redirect-memory.c: the memory of what was redirected: what is found again, what a full one forgets, and torn records. */
#include "shim/core/redirect-memory.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static struct redirect_memory memory, another;

static struct endpoint place(unsigned n)
{
	struct endpoint e = {.port = 5060, .transport = TRANSPORT_UDP};
	char text[ADDRESS_TEXT];
	snprintf(text, sizeof text, "192.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	if (!address_parse(text, &e.addr))
		abort();
	return e;
}

static void identity(void)
{
	const struct endpoint original = place(1), actual = place(2);
	const struct redirect r = {.original = original, .actual = actual};
	struct endpoint other = actual;
	struct redirect out;
	memset(&memory, 0, sizeof memory);
	redirect_note(&memory, 7, &actual, &r, 1000);

	check_row("a redirect is found by its number and endpoint");
	check_true("found", redirect_find(&memory, 7, &actual, &out));
	check_true("original", endpoint_same(&out.original, &original) && endpoint_same(&out.actual, &actual) && !out.own);
	check_true("another number", !redirect_find(&memory, 8, &actual, &out));
	check_true("another endpoint", !redirect_find(&memory, 7, &original, &out));
	other.port = 5061;
	check_true("another port", !redirect_find(&memory, 7, &other, &out));
	other = actual;
	other.transport = TRANSPORT_TCP;
	check_true("another transport", !redirect_find(&memory, 7, &other, &out));
	other = actual;
	other.addr.scope = 3;
	check_true("another scope", !redirect_find(&memory, 7, &other, &out));
	check_true("another memory", !redirect_find(&another, 7, &actual, &out));

	check_row("a redirect changes, and is forgotten");
	redirect_note(&memory, 7, &actual, &(struct redirect){.original = place(3), .actual = actual, .own = true}, 1001);
	check_true("changed", redirect_find(&memory, 7, &actual, &out) && out.own && out.original.addr.bytes[15] == 3);
	redirect_forget(&memory, 7, &actual);
	check_true("forgotten", !redirect_find(&memory, 7, &actual, &out));

	check_row("the number 0 is nothing");
	redirect_note(&memory, 0, &actual, &r, 1000);
	check_true("not kept", !redirect_find(&memory, 0, &actual, &out));
	redirect_forget(&memory, 0, &actual);
}

/* A full memory forgets what was idle longest, and what is in use stays. */
static void crowd(void)
{
	enum { MANY = 4 * REDIRECT_SETS * REDIRECT_WAYS };
	const struct endpoint used = place(1);
	const struct redirect r = {.original = used, .actual = place(2)};
	struct redirect out;
	uint64_t now = 1000;
	unsigned there = 0;
	memset(&memory, 0, sizeof memory);
	check_row("a full memory");
	for (unsigned i = 1; i <= MANY; i++, now += 2) {
		redirect_note(&memory, i + 1000, &used, &r, now);
		if (i % 16 == 0)
			redirect_note(&memory, 1, &used, &r, now);
	}
	for (unsigned i = 1; i <= MANY; i++)
		there += redirect_find(&memory, i + 1000, &used, &out);
	check_range("records that are left", REDIRECT_SETS * REDIRECT_WAYS - 1 - REDIRECT_SETS, REDIRECT_SETS * REDIRECT_WAYS, there);
	check_true("the last", redirect_find(&memory, MANY + 1000, &used, &out));
	check_true("the one in use", redirect_find(&memory, 1, &used, &out));
}

static void torn(void)
{
	const struct endpoint e = place(1);
	const struct redirect r = {.original = e, .actual = place(2)};
	struct redirect out;
	unsigned found = 0;
	check_row("a torn record is none");
	for (unsigned word = 0; word < REDIRECT_WORDS; word++) {
		memset(&memory, 0, sizeof memory);
		redirect_note(&memory, 7, &e, &r, 1000);
		for (size_t s = 0; s < REDIRECT_SETS; s++)
			if (get64(&memory.slot[s][0].word[0]))
				put64(&memory.slot[s][0].word[word], get64(&memory.slot[s][0].word[word]) ^ 1u << word);
		found += redirect_find(&memory, 7, &e, &out);
	}
	check_number("found", 0, found);
}

static void bits(void)
{
	const struct endpoint a = place(1), b = place(2);
	struct endpoint_bits one = {0}, other = {0};
	check_row("bits");
	check_true("none", !bits_have(&one, &a));
	bits_add(&one, &a);
	bits_add(&one, &a);
	check_true("one", bits_have(&one, &a));
	check_true("not another", !bits_have(&one, &b));
	check_true("not of the other set", !bits_have(&other, &a));
}

/* Neighbouring addresses and ports must not share keys. */
static void keys(void)
{
	static uint64_t seen[64 * 64];
	size_t n = 0, same = 0;
	check_row("keys of 64 addresses and 64 ports");
	for (unsigned i = 0; i < 64; i++)
		for (unsigned p = 0; p < 64; p++) {
			struct endpoint e = place(i);
			e.port = (uint16_t)(5060 + p);
			seen[n++] = endpoint_key(&e, 1);
		}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			same += seen[i] == seen[k];
	check_number("that are the same", 0, same);
}

int main(void)
{
	identity();
	crowd();
	torn();
	bits();
	keys();
	return check_done();
}
