/* sipstream.c: streams of SIP, whole and split anywhere. */
#include "tests/unit/check.h"
#include "tests/unit/sipcaptures.h"
#include "tests/unit/siptorture.h"

enum { STREAM_MAX = 32768 };

static char stream[STREAM_MAX];
static size_t stream_len;

static void put(const char *p, size_t len)
{
	if (len > sizeof stream - stream_len)
		abort();
	memcpy(stream + stream_len, p, len);
	stream_len += len;
}

/* The headers of all rows that frame themselves, pipelined, each with a body of its Content-Length, CRLFs between. */
static size_t pipeline(const struct sip_row *row, size_t n)
{
	static const char body[512] = "INVITE sip:not-a-message SIP/2.0\r\n\r\n";
	size_t messages = 0;
	stream_len = 0;
	for (size_t i = 0; i < n; i++) {
		struct sip_message m;
		if (row[i].length == SIP_BAD || !sip_parse(row[i].text, row[i].len, &m))
			continue;
		put(row[i].text, m.header_length);
		if (row[i].length > 0)
			put(body, (size_t)row[i].length);
		put("\r\n\r\n\r\n", i % 4 * 2);
		messages++;
	}
	return messages;
}

static void check_splits(const char *what, size_t messages)
{
	struct sip_list whole = {0}, walked = {0};
	sip_walk(stream, stream_len, &walked);
	sip_stream_pieces(stream, stream_len, stream_len, 1, &whole);
	check_row("%s: whole", what);
	check_number("messages", messages, whole.n);
	check_true("the same as by sip_parse", sip_list_same(&walked, &whole));

	check_row("%s: every split in two", what);
	for (size_t first = 1; first < stream_len; first++) {
		struct sip_list list = {0};
		sip_stream_pieces(stream, stream_len, first, stream_len, &list);
		if (!sip_list_same(&whole, &list))
			check_number("differs when split at", stream_len, first);
	}
	check_row("%s: pieces of 1 to 64 bytes", what);
	for (size_t step = 1; step <= 64; step++) {
		struct sip_list list = {0};
		sip_stream_pieces(stream, stream_len, step, step, &list);
		if (!sip_list_same(&whole, &list))
			check_number("differs in pieces of", 0, step);
	}
}

static void off_or_on(void)
{
	static const struct {
		const char *what, *text;
		size_t len, messages;
		bool off;
	} row[] = {
#define OPTIONS(length) "OPTIONS sip:a SIP/2.0\r\n" length "\r\n"
		{"keep-alives only (RFC 5626 3.5.1)", TEXT("\r\n\r\n\r\n"), 0, false},
		{"TLS", TEXT("\x16\x03\x01\x02\x00\x01\r\n" OPTIONS("l: 0\r\n")), 0, true},
		{"HTTP", TEXT("GET / HTTP/1.1\r\n\r\n" OPTIONS("l: 0\r\n")), 0, true},
		{"no Content-Length, then another message", TEXT(OPTIONS("") OPTIONS("")), 2, false},
		{"no Content-Length, but a body", TEXT(OPTIONS("") "v=0\r\n" OPTIONS("")), 1, true},
		{"a Content-Length that is none", TEXT(OPTIONS("l: x\r\n") OPTIONS("")), 1, true},
		{"two that differ", TEXT(OPTIONS("l: 0\r\nContent-Length: 5\r\n") OPTIONS("")), 1, true},
		{"two alike", TEXT(OPTIONS("l: 2\r\nContent-Length: 2\r\n") "hi" OPTIONS("")), 2, false},
		{"too short a body", TEXT(OPTIONS("l: 200\r\n") OPTIONS("")), 1, false},
		{"too long a body", TEXT(OPTIONS("l: 2\r\n") "hello\r\n" OPTIONS("")), 1, true},
		{"a body that starts with a blank", TEXT(OPTIONS("l: 4\r\n") " \r\n\t" OPTIONS("")), 2, false},
#undef OPTIONS
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct sip_stream s = {0};
		struct sip_list list = {0};
		check_row("stream: %s", row[i].what);
		sip_stream_feed(&s, row[i].text, row[i].len, sip_list_add, &list);
		check_number("messages", row[i].messages, list.n);
		check_number("off", row[i].off, sip_stream_is_off(&s));
		stream_len = 0;
		put(row[i].text, row[i].len);
		check_splits(row[i].what, row[i].messages);
	}
}

static void long_lines(void)
{
	static char filler[SIP_LINE_MAX * 3];
	memset(filler, 'x', sizeof filler);
	for (size_t n = SIP_LINE_MAX - 40; n < SIP_LINE_MAX + 8; n++) {
		struct sip_list walked = {0}, list = {0};
		stream_len = 0;
		put(TEXT("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK;x="));
		put(filler, n);
		put(TEXT(";y\r\n ;z\r\nTo: <sip:a>;x="));
		put(filler, n);
		put(TEXT(";tag=1\r\nX: "));
		put(filler, sizeof filler);
		put(TEXT("\r\nl: 1\r\n\r\nxACK sip:a SIP/2.0\r\n\r\n"));
		check_row("lines of about %zu bytes", n);
		sip_walk(stream, stream_len, &walked);
		sip_stream_pieces(stream, stream_len, 7, 11, &list);
		check_number("messages", 2, list.n);
		check_true("the same as by sip_parse", sip_list_same(&walked, &list));
	}
}

/* Headers of 64 KiB and a little around it. */
static void long_headers(void)
{
	static char text[SIP_HEADER_MAX + 64];
	for (int over = -2; over <= 2; over++) {
		struct sip_list list = {0}, walked = {0};
		const size_t len = (size_t)(SIP_HEADER_MAX + over);
		memset(text, 'x', sizeof text);
		memcpy(text, "OPTIONS sip:a SIP/2.0\r\nX: ", 26);
		memcpy(text + len - 4, "\r\n\r\n", 4);
		check_row("a header of 64 KiB %+d", over);
		sip_stream_pieces(text, len, 1000, 1000, &list);
		sip_walk(text, len, &walked);
		check_number("messages", over <= 0, list.n);
		check_true("the same as by sip_parse", sip_list_same(&walked, &list));
	}
}

int main(void)
{
	size_t n = pipeline(sip_captures, sizeof sip_captures / sizeof *sip_captures);
	check_splits("captures", n);
	n = pipeline(sip_torture, sizeof sip_torture / sizeof *sip_torture);
	check_splits("RFC 4475", n);
	off_or_on();
	long_lines();
	long_headers();
	return check_done();
}
