/*
 * dnsstream.c: fuzz target of DNS over TCP: policy/wire/dns-stream.c with policy/wire/dns-message.c behind it.
 *
 * The first byte seeds how the rest, a stream, comes and is read: at once or in parts,
 * into pieces of any size, with MSG_PEEK between, and now and then past us. The oracle
 * is a second walk over the stream: what the program got is, message by message, what
 * came or what a rewrite of the whole message makes of it; headers and lengths are
 * what they were; and with one read of all of it every message is led.
 */
#define CORPUS "tests/fuzz/corpus/dnsstream"
#include "policy/wire/dns-message.h"
#include "policy/wire/dns-stream.h"
#include "tests/fuzz/replay.h"

#include <stdbool.h>
#include <string.h>

struct world {
	const uint8_t *bytes;
	size_t size, come, taken;
	uint64_t dice;
};

static uint64_t roll(uint64_t *dice, uint64_t n)
{
	*dice = *dice * 6364136223846793005u + 1442695040888963407u;
	return (*dice >> 33) % n;
}

static bool peek(void *arg, uint8_t *to, size_t len)
{
	const struct world *w = arg;
	if (w->come - w->taken < len)
		return false;
	memcpy(to, w->bytes + w->taken, len);
	return true;
}

/* What stands for the pin's choice: the last record leads. */
static void rewrite(void *arg, uint8_t *msg, size_t len)
{
	struct answer a;
	uint8_t order[ANSWER_MAX];
	(void)arg;
	if (answer_parse(msg, len, &a) != ANSWER_OK)
		return;
	for (size_t i = 0; i < a.n; i++)
		order[i] = (uint8_t)(a.n - 1 - i);
	if (a.question.type == WIRE_SRV)
		answer_srv_first(msg, &a, a.n - 1u);
	else
		claim(answer_order(msg, &a, order, a.n));
}

/* Message by message: as it came, or as the rewrite of all of it. */
static void judge(const struct world *w, const uint8_t *out, bool all_led)
{
	static uint8_t copy[FRAME_MAX];
	for (size_t at = 0; at + FRAME_LENGTH <= w->size;) {
		size_t len = wire_get16(w->bytes + at), end = at + FRAME_LENGTH + len;
		if (end > w->size) {
			claim(memcmp(out + at, w->bytes + at, w->size - at) == 0);
			return;
		}
		memcpy(copy, w->bytes + at, FRAME_LENGTH + len);
		rewrite(NULL, copy + FRAME_LENGTH, len);
		bool led = memcmp(out + at, copy, FRAME_LENGTH + len) == 0;
		claim(led || (!all_led && memcmp(out + at, w->bytes + at, FRAME_LENGTH + len) == 0));
		at = end;
	}
}

static struct dnsanswers answers;

static void restart(struct world *w)
{
	answers.at = 0;
	answers.whole = answers.lost = false;
	w->taken = 0;
	w->come = w->size;
}

static void read_at_once(struct world *w, uint8_t *out)
{
	const struct dnsanswers_calls c = {peek, rewrite, w};
	restart(w);
	memcpy(out, w->bytes, w->size);
	w->taken = w->size;
	dnsanswers_read(&answers, &c, out, w->size);
	judge(w, out, true);
}

/* A piece is read into a buffer of its own size, so that AddressSanitizer sees what is written beside it. */
static void read_piece(struct world *w, uint8_t *out, size_t n, bool peeking)
{
	const struct dnsanswers_calls c = {peek, rewrite, w};
	uint8_t *piece = malloc(n ? n : 1);
	claim(piece);
	memcpy(piece, w->bytes + w->taken, n);
	if (peeking) {
		dnsanswers_peeked(&answers, &c, piece, n);
	} else {
		size_t from = w->taken;
		w->taken += n;
		dnsanswers_read(&answers, &c, piece, n);
		memcpy(out + from, piece, n);
	}
	free(piece);
}

static void read_in_pieces(struct world *w, uint8_t *out)
{
	size_t most = 1 + roll(&w->dice, w->size);
	restart(w);
	w->come = 0;
	while (w->taken < w->size) {
		if (w->come == w->taken || roll(&w->dice, 2))
			w->come += roll(&w->dice, w->size - w->come + 1);
		size_t there = w->come - w->taken, n = 1 + roll(&w->dice, most);
		bool peeking = roll(&w->dice, 4) == 0;
		if (there > 0)
			read_piece(w, out, n < there ? n : there, peeking);
	}
	claim(!answers.lost);
	judge(w, out, false);
}

/* Somebody takes bytes away: no claim but that nothing is touched outside. */
static void read_with_losses(struct world *w, uint8_t *out)
{
	restart(w);
	while (w->taken < w->size) {
		size_t there = w->come - w->taken, n = 1 + roll(&w->dice, there);
		if (roll(&w->dice, 3) == 0)
			w->taken += n;
		else
			read_piece(w, out, n, roll(&w->dice, 4) == 0);
	}
}

static void question(void *arg, uint8_t *msg, size_t len)
{
	struct question q;
	size_t *n = arg;
	claim(len <= FRAME_QUESTION - FRAME_LENGTH);
	answer_question(msg, len, &q);
	++*n;
}

/* In pieces there are as many queries as at once. */
static void send_it(struct world *w)
{
	struct dnsqueries once = {0}, often = {0};
	size_t n_once = 0, n_often = 0;
	dnsqueries_sent(&once, w->bytes, w->size, question, &n_once);
	for (size_t at = 0, n; at < w->size; at += n) {
		n = 1 + roll(&w->dice, w->size - at);
		dnsqueries_sent(&often, w->bytes + at, n, question, &n_often);
	}
	claim(n_once == n_often && once.at == often.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct world w = {.bytes = data + 1, .size = size - 1, .dice = data[0]};
	uint8_t *out = malloc(w.size);
	claim(out);
	read_at_once(&w, out);
	read_in_pieces(&w, out);
	read_with_losses(&w, out);
	send_it(&w);
	free(out);
	return 0;
}
