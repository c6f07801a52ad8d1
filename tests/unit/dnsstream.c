/*
 * dnsstream.c: DNS messages in a TCP stream, split anywhere.
 *
 * A world is a stream of bytes and how much of it has come; the program reads it in
 * steps, and what it gets is compared with the messages led (the stand-in adds 1 to
 * each byte behind the header) or as they came. Real messages are the fuzz corpus'.
 */
#include "policy/wire/dns-stream.h"
#include "tests/unit/message.h"

enum { STREAM_MAX = 1 << 16 };

struct world {
	uint8_t bytes[STREAM_MAX];
	size_t size, come, taken;
	size_t messages, message_bytes;
};

static void add(struct world *w, const void *msg, size_t len)
{
	w->bytes[w->size] = (uint8_t)(len >> 8);
	w->bytes[w->size + 1] = (uint8_t)len;
	memcpy(w->bytes + w->size + FRAME_LENGTH, msg, len);
	w->size += FRAME_LENGTH + len;
}

static void add_file(struct world *w, const char *file)
{
	struct message m = message_load(file);
	add(w, m.bytes, m.len);
	free(m.bytes);
}

/* ---- the two calls that the streams make ---- */

static bool peek(void *arg, uint8_t *to, size_t len)
{
	const struct world *w = arg;
	if (w->come - w->taken < len)
		return false;
	memcpy(to, w->bytes + w->taken, len);
	return true;
}

static void led(uint8_t *msg, size_t len)
{
	for (size_t i = WIRE_HEADER; i < len; i++)
		msg[i]++;
}

static void message(void *arg, uint8_t *msg, size_t len)
{
	struct world *w = arg;
	w->messages++;
	w->message_bytes += len;
	led(msg, len);
}

/* ---- reading ---- */

static struct dnsanswers answers;

/* One read of up to `step` bytes; appends them to `out`. */
static void read_some(struct world *w, size_t step, uint8_t *out)
{
	const struct dnsanswers_calls c = {peek, message, w};
	size_t from = w->taken, n = w->come - from < step ? w->come - from : step;
	memcpy(out + from, w->bytes + from, n);
	w->taken += n;
	dnsanswers_read(&answers, &c, out + from, n);
}

/* What the program should have: every message led, or those of `as_is` (a bit each) as they came. */
static void check_stream(const struct world *w, const uint8_t *out, unsigned as_is)
{
	static uint8_t expected[STREAM_MAX];
	size_t n = 0;
	memcpy(expected, w->bytes, w->size);
	for (size_t at = 0, len; at < w->size; at += FRAME_LENGTH + len, n++) {
		len = wire_get16(w->bytes + at);
		if (!(as_is >> n & 1))
			led(expected + at + FRAME_LENGTH, len);
	}
	check_number("messages", n, w->messages);
	check_number("bytes of messages", w->size - FRAME_LENGTH * n, w->message_bytes);
	check_true("the stream", memcmp(expected, out, w->size) == 0);
}

static void start(struct world *w)
{
	memset(&answers, 0, sizeof answers);
	w->taken = w->messages = w->message_bytes = 0;
	w->come = w->size;
}

static const char *const files[] = {"dnsmasq-a", "unbound-srv", "dnsmasq-sixteen", "unbound-nxdomain"};

static struct world *world_of_files(void)
{
	static struct world w;
	w = (struct world){.size = 0};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		add_file(&w, files[i]);
	return &w;
}

/* ---- the rows ---- */

static void reads_of_each_size(void)
{
	static uint8_t out[STREAM_MAX];
	struct world *w = world_of_files();
	for (size_t step = 1; step <= w->size; step += step < 64 ? 1 : 97) {
		check_row("four messages that are all there, read %zu bytes at a time", step);
		start(w);
		while (w->taken < w->size)
			read_some(w, step, out);
		check_stream(w, out, 0);
	}
}

/* One message comes in two parts, cut at each byte: the program has read the first before the second is there. */
static void cuts(void)
{
	static uint8_t out[STREAM_MAX];
	static struct world w;
	for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
		w = (struct world){.size = 0};
		add_file(&w, files[f]);
		for (size_t cut = 1; cut < w.size; cut++) {
			check_row("%s, %zu bytes of it read before the others come", files[f], cut);
			start(&w);
			w.come = cut;
			read_some(&w, cut, out);
			w.come = w.size;
			read_some(&w, STREAM_MAX, out);
			check_stream(&w, out, cut > FRAME_FIXED);
		}
	}
}

/* Bytes come one by one and are read as they come: nothing can be led, all is learnt from. */
static void drip(void)
{
	static uint8_t out[STREAM_MAX];
	struct world *w = world_of_files();
	check_row("byte by byte as they come");
	start(w);
	for (w->come = 1; w->come <= w->size; w->come++)
		read_some(w, 1, out);
	check_stream(w, out, 0xf);
}

static void peeks(void)
{
	static uint8_t out[STREAM_MAX], peeked[STREAM_MAX];
	static struct world w;
	w = (struct world){.size = 0};
	add_file(&w, files[0]);
	add_file(&w, files[1]);
	const struct dnsanswers_calls c = {peek, message, &w};
	const size_t first = FRAME_LENGTH + (size_t)wire_get16(w.bytes);
	for (size_t before = 0; before <= FRAME_FIXED; before++) {
		check_row("MSG_PEEK after %zu bytes were read, then the read", before);
		start(&w);
		read_some(&w, before, out);
		memcpy(peeked, w.bytes + before, first - before);
		dnsanswers_peeked(&answers, &c, peeked, first - before);
		dnsanswers_peeked(&answers, &c, peeked, 0);
		read_some(&w, STREAM_MAX, out);
		check_true("what was peeked at is what was read", memcmp(peeked, out + before, first - before) == 0);
		check_stream(&w, out, 0);
	}
	check_row("MSG_PEEK at a part, then the rest comes");
	start(&w);
	w.come = 40;
	memcpy(peeked, w.bytes, 40);
	dnsanswers_peeked(&answers, &c, peeked, 40);
	check_true("as it came", memcmp(peeked, w.bytes, 40) == 0);
	w.come = w.size;
	read_some(&w, STREAM_MAX, out);
	check_stream(&w, out, 0);
}

/* Bytes that somebody else took from the stream: what follows is left alone. */
static void past_us(void)
{
	static uint8_t out[STREAM_MAX];
	struct world *w = world_of_files();
	check_row("read past us in the middle of a message");
	start(w);
	read_some(w, 10, out);
	w->taken += 20;
	read_some(w, STREAM_MAX, out);
	check_true("lost", answers.lost);
	check_true("the rest as it came", memcmp(out + 30, w->bytes + 30, w->size - 30) == 0);
	check_number("messages", 1, w->messages);
}

static void shapes(void)
{
	static uint8_t out[STREAM_MAX], big[WIRE_MAX];
	static struct world w;
	check_row("messages of no length and of one byte");
	w = (struct world){.size = 0};
	add(&w, "", 0);
	add(&w, "x", 1);
	add(&w, "", 0);
	add_file(&w, files[0]);
	for (size_t step = 1; step < 8; step++) {
		start(&w);
		while (w.taken < w.size)
			read_some(&w, step, out);
		check_stream(&w, out, 0);
	}
	check_row("the longest message");
	memset(big, 'b', sizeof big);
	w = (struct world){.size = 0};
	add(&w, big, STREAM_MAX - FRAME_LENGTH);
	start(&w);
	read_some(&w, 2, out);
	read_some(&w, STREAM_MAX, out);
	check_stream(&w, out, 0);
}

/* ---- queries ---- */

static void sent(void *arg, uint8_t *msg, size_t len)
{
	struct saying *s = arg;
	struct question q;
	enum answer_status status = answer_question(msg, len, &q);
	say(s, "%s%04x %s %u", s->used ? ", " : "", q.id, status == ANSWER_OK ? q.name.text : "-", q.type);
}

/* Two queries, one of them with much behind its question, sent in pieces of each size. */
static void queries(void)
{
	static struct world w;
	static uint8_t padded[4000];
	static struct saying s;
	struct message a = message_load("query-a"), srv = message_load("query-srv-edns");
	w = (struct world){.size = 0};
	memcpy(padded, a.bytes, a.len);
	padded[0] = 0x12, padded[1] = 0x34;
	add(&w, a.bytes, a.len);
	add(&w, padded, sizeof padded);
	add(&w, srv.bytes, srv.len);
	char expected[256];
	s.used = 0;
	sent(&s, a.bytes, a.len);
	sent(&s, padded, a.len);
	sent(&s, srv.bytes, srv.len);
	memcpy(expected, s.text, s.used + 1);
	for (size_t step = 1; step <= w.size; step += step < 64 ? 1 : 97) {
		struct dnsqueries q = {0};
		check_row("three queries sent %zu bytes at a time", step);
		s.used = 0;
		for (size_t at = 0; at < w.size; at += step)
			dnsqueries_sent(&q, w.bytes + at, w.size - at < step ? w.size - at : step, sent, &s);
		check_text("questions", expected, s.text);
	}
	free(a.bytes);
	free(srv.bytes);
}

int main(void)
{
	reads_of_each_size();
	cuts();
	drip();
	peeks();
	past_us();
	shapes();
	queries();
	return check_done();
}
