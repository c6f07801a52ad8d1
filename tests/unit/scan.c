/* scan.c: the kernel's reader of SIP (scan.h) against the shim's (sip-message.h): the same messages, RFC 4475 among them. */
#include "tests/unit/check.h"
#include "tests/unit/sipcaptures.h"
#include "tests/unit/siptorture.h"
#include "tools/pinwatch/scan.h"

static struct scan scan_text(const char *text, size_t len)
{
	struct scan s = {0};
	for (size_t i = 0; i < len && scan_byte(&s, (__u8)text[i]); i++)
		;
	return s;
}

static enum scan_kind kind_by_shim(const char *text, size_t len)
{
	struct sip_message m = {0};
	if (!sip_parse(text, len, &m) || !sip_looks(text, len) || !m.call_id)
		return SCANNED_NOTHING;
	if (m.status || m.method == SIP_ACK || m.method == SIP_CANCEL || m.to == SIP_TO_TAGGED)
		return SCANNED_WITHIN;
	return m.to == SIP_TO_BARE && m.branch && m.whole_header ? SCANNED_INITIAL : SCANNED_NOTHING;
}

static void row_kinds(const char *what, const struct sip_row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct scan s = scan_text(row[i].text, row[i].len);
		check_row("%s: %s", what, row[i].name);
		check_number("kind", kind_by_shim(row[i].text, row[i].len), scan_kind(&s));
	}
}

/* Calls and branches are told apart where the shim does, and nowhere else. */
static void same_where_the_shim_says_so(const struct sip_row *row, size_t n)
{
	check_row("Call-IDs and branches of captured messages");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++) {
			struct sip_message a, b;
			struct scan x = scan_text(row[i].text, row[i].len), y = scan_text(row[k].text, row[k].len);
			sip_parse(row[i].text, row[i].len, &a);
			sip_parse(row[k].text, row[k].len, &b);
			check_true(row[i].name, (a.call_id == b.call_id) == (x.call == y.call));
			check_true(row[i].name, (a.branch == b.branch) == (x.branch == y.branch));
		}
}

#define HEAD(to) "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nCall-ID: c\r\nTo: " to "\r\n\r\n"

static void forms(void)
{
	static const struct {
		const char *name, *text;
		enum scan_kind kind;
	} row[] = {
		{"no tag", HEAD("<sip:a>"), SCANNED_INITIAL},
		{"a tag", HEAD("<sip:a>;tag=1"), SCANNED_WITHIN},
		{"white space around it", HEAD("<sip:a> ; TAG = 1"), SCANNED_WITHIN},
		{"a fold before it", HEAD("<sip:a>\r\n ;tag=1"), SCANNED_WITHIN},
		{"in the URI only", HEAD("<sip:a;tag=1>"), SCANNED_INITIAL},
		{"in the display name only", HEAD("\"x \\\";tag=1\" <sip:a>"), SCANNED_INITIAL},
		{"another parameter", HEAD("<sip:a>;stag=1"), SCANNED_INITIAL},
		{"no empty line yet", "OPTIONS sip:a SIP/2.0\r\nVia: x;branch=z\r\nCall-ID: c\r\nTo: a\r\n", SCANNED_NOTHING},
		{"bare LF, short names", "OPTIONS sip:a SIP/2.0\nv: x;branch=z\ni: c\nt: a\n\n", SCANNED_INITIAL},
		{"ACK", "ACK sip:a SIP/2.0\r\nVia: x;branch=z\r\nCall-ID: c\r\nTo: a\r\n\r\n", SCANNED_WITHIN},
		{"ACKS", "ACKS sip:a SIP/2.0\r\nVia: x;branch=z\r\nCall-ID: c\r\nTo: a\r\n\r\n", SCANNED_INITIAL},
		{"CANCEL", "CANCEL sip:a SIP/2.0\r\nVia: x;branch=z\r\nCall-ID: c\r\nTo: a\r\n\r\n", SCANNED_WITHIN},
		{"HTTP", "GET / HTTP/1.1\r\nHost: a\r\nCall-ID: c\r\nTo: a\r\n\r\n", SCANNED_NOTHING},
		{"keep-alive", "\r\n\r\n", SCANNED_NOTHING},
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct scan s = scan_text(row[i].text, strlen(row[i].text));
		check_row("form: %s", row[i].name);
		check_number("kind", row[i].kind, scan_kind(&s));
		check_number("as the shim has it", kind_by_shim(row[i].text, strlen(row[i].text)), scan_kind(&s));
	}
}

int main(void)
{
	row_kinds("captured", sip_captures, sizeof sip_captures / sizeof *sip_captures);
	row_kinds("torture", sip_torture, sizeof sip_torture / sizeof *sip_torture);
	same_where_the_shim_says_so(sip_captures, sizeof sip_captures / sizeof *sip_captures);
	forms();
	return check_done();
}
