/* sip.c: sip-message.h over messages of real programs, RFC 4475, and every cut of them. */
#include "tests/unit/check.h"
#include "tests/unit/sipcaptures.h"
#include "tests/unit/siptorture.h"

enum { MESSAGE_MAX = 4096 };

/* What sip_parse says of a message that carries just these. */
static struct sip_message plain(const char *branch, const char *call_id)
{
	char text[MESSAGE_MAX];
	struct sip_message m;
	int n = snprintf(text, sizeof text, "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=%s\r\nCall-ID: %s\r\n\r\n",
			 branch ? branch : "", call_id ? call_id : "");
	check_true("the plain message is SIP", sip_parse(text, (size_t)n, &m));
	return m;
}

static void check_message(const struct sip_row *r, const struct sip_message *m)
{
	struct sip_message want = plain(r->branch, r->call_id);
	check_text("method", sip_method_text(r->method), sip_method_text(m->method));
	check_number("status", r->status, m->status);
	check_number("branch", want.branch, m->branch);
	check_number("branch length", r->branch ? strlen(r->branch) : 0, m->branch_length);
	check_number("Call-ID", want.call_id, m->call_id);
	check_number("CSeq", (uint64_t)r->cseq, (uint64_t)m->cseq);
	check_number("To", r->to, m->to);
	check_number("Content-Length", (uint64_t)r->length, (uint64_t)m->content_length);
	check_number("Retry-After", (uint64_t)r->retry_after, (uint64_t)m->retry_after);
	check_true("whole header", m->whole_header);
	check_true("a key if all is known", (sip_transaction(m) != 0) == (r->branch && r->call_id && r->cseq >= 0));
}

static void rows(const char *what, const struct sip_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sip_message m = {0};
		check_row("%s: %s", what, row[i].name);
		check_true("is SIP", sip_parse_copy(row[i].text, row[i].len, &m));
		check_message(&row[i], &m);
		check_true("the same as a datagram", sip_datagram_same(row[i].text, row[i].len));
		check_true("looks like SIP", sip_looks(row[i].text, row[i].len) || row[i].method == SIP_OTHER);
		const char *end = strstr(row[i].text + 3, "\r\n\r\n");
		if (end && !memchr(row[i].text, 0, row[i].len))
			check_number("header length", (size_t)(end + 4 - row[i].text), m.header_length);
	}
}

/* What is known of the first bytes is what the whole message says, or nothing. */
static bool within(const struct sip_message *part, const struct sip_message *whole)
{
	return (!part->branch || part->branch == whole->branch) && (!part->call_id || part->call_id == whole->call_id) &&
	       (part->cseq < 0 || part->cseq == whole->cseq) && part->status == whole->status &&
	       (part->method == SIP_NONE || part->method == whole->method) &&
	       (part->to == SIP_TO_UNKNOWN || part->to == whole->to) &&
	       (part->retry_after < 0 || part->retry_after == whole->retry_after) &&
	       (part->content_length < 0 || whole->content_length == SIP_BAD || part->content_length == whole->content_length) &&
	       (part->whole_header ? part->header_length == whole->header_length : part->header_length == 0);
}

static void cuts(const struct sip_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sip_message whole, part;
		check_row("cut anywhere: %s", row[i].name);
		sip_parse(row[i].text, row[i].len, &whole);
		for (size_t len = 0; len <= row[i].len; len++)
			if (!sip_datagram_same(row[i].text, len) || (sip_parse_copy(row[i].text, len, &part) && !within(&part, &whole)))
				check_number("the first bytes contradict the whole, at", row[i].len, len);
	}
}

static void refused(void)
{
	for (size_t i = 0; i < sizeof sip_refused / sizeof *sip_refused; i++) {
		struct sip_message m;
		check_row("no SIP: %s", sip_refused[i].name);
		check_true("refused", !sip_parse_copy(sip_refused[i].text, sip_refused[i].len, &m));
	}
}

static void looks(void)
{
	static const struct {
		const char *what, *text;
		size_t len;
		bool expected;
	} row[] = {
		{"a short method", TEXT("ACK sip:a SIP/2.0\r\n\r\n"), true},
		{"a response", TEXT("SIP/2.0 200 OK\r\n\r\n"), true},
		{"another version", TEXT("SIP/3.0 200 OK\r\n\r\n"), false},
		{"shorter than any message", TEXT("SIP/2.0 200\n"), false},
		{"nothing", TEXT(""), false},
		{"CRLFs", TEXT("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"), false},
		{"RTP", TEXT("\x80\x00\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4a\x4b\x4c\x4d\x4e"), false},
		{"STUN", TEXT("\x00\x01\x00\x08\x21\x12\xa4\x42\x47\x48\x49\x4a\x4b\x4c\x4d\x4e"), false},
		{"DNS, an id of two capitals", TEXT("AB\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www"), false},
		{"DTLS", TEXT("\x16\xfe\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03www"), false},
		{"lower case", TEXT("register sip:a SIP/2.0\r\n\r\n"), false},
		{"an HTTP request, for sip_parse to refuse", TEXT("GET / HTTP/1.1\r\n\r\n"), true},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		check_row("looks: %s", row[i].what);
		check_number("looks", row[i].expected, sip_looks(row[i].text, row[i].len));
	}
}

/* One transaction: the request sent again, its answers, its CANCEL, its ACK (RFC 3261 17.1.3, 9.1, 17.1.1.3). */
static uint64_t key_of(const char *start, const char *branch, const char *call_id, const char *cseq)
{
	char text[MESSAGE_MAX];
	struct sip_message m;
	int n = snprintf(text, sizeof text, "%s\r\nVia: SIP/2.0/UDP a;branch=%s\r\nCall-ID: %s\r\nCSeq: %s\r\n\r\n", start, branch,
			 call_id, cseq);
	return sip_parse(text, (size_t)n, &m) ? sip_transaction(&m) : 0;
}

static void keys(void)
{
	static const struct {
		const char *what, *start, *branch, *call_id, *cseq;
		bool same;
	} row[] = {
		{"sent again", "INVITE sip:b SIP/2.0", "z9hG4bK1", "c", "7 INVITE", true},
		{"answer", "SIP/2.0 486 Busy", "z9hG4bK1", "c", "7 INVITE", true},
		{"CANCEL", "CANCEL sip:b SIP/2.0", "z9hG4bK1", "c", "7 CANCEL", true},
		{"ACK to a failure", "ACK sip:b SIP/2.0", "z9hG4bK1", "c", "07 ACK", true},
		{"another branch: ACK to a 2xx", "ACK sip:b SIP/2.0", "z9hG4bK2", "c", "7 ACK", false},
		{"the same branch in another call", "INVITE sip:b SIP/2.0", "z9hG4bK1", "d", "7 INVITE", false},
		{"the same branch for the next request", "INVITE sip:b SIP/2.0", "z9hG4bK1", "c", "8 INVITE", false},
	};
	const uint64_t key = key_of("INVITE sip:b SIP/2.0", "z9hG4bK1", "c", "7 INVITE");
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		check_row("key: %s", row[i].what);
		check_number("same", row[i].same, key == key_of(row[i].start, row[i].branch, row[i].call_id, row[i].cseq));
	}
}

static void limits(void)
{
	enum { HUGE_LEN = 70000 };
	static char text[HUGE_LEN];
	struct sip_message m;
	check_row("a header of more than 64 KiB is not whole; what stands before counts");
	int n = snprintf(text, sizeof text, "OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\nX: ");
	memset(text + n, 'x', sizeof text - (size_t)n);
	memcpy(text + sizeof text - 20, "\r\nCSeq: 1 OPTIONS\r\n\r\n", 20);
	check_true("is SIP", sip_parse_copy(text, sizeof text, &m));
	check_number("To", SIP_TO_BARE, m.to);
	check_number("seen", SIP_SEEN_TO, m.seen);
	check_true("not whole", !m.whole_header);

	check_row("a value behind the first SIP_LINE_MAX bytes of its line is not known");
	n = snprintf(text, sizeof text, "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;x=%0*d;branch=z9hG4bK1\r\nTo: <sip:a>;x=%0*d\r\n\r\n",
		     SIP_LINE_MAX, 0, SIP_LINE_MAX, 0);
	check_true("is SIP", sip_parse_copy(text, (size_t)n, &m));
	check_number("branch", 0, m.branch);
	check_number("To", SIP_TO_UNKNOWN, m.to);
	check_true("whole", m.whole_header);
}

int main(void)
{
	rows("capture", sip_captures, sizeof sip_captures / sizeof *sip_captures);
	rows("RFC 4475", sip_torture, sizeof sip_torture / sizeof *sip_torture);
	cuts(sip_captures, sizeof sip_captures / sizeof *sip_captures);
	cuts(sip_torture, sizeof sip_torture / sizeof *sip_torture);
	refused();
	looks();
	keys();
	limits();
	return check_done();
}
