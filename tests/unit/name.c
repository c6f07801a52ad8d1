/* name.c: host names in canonical form (RFC 1035 2.3.4, RFC 4343), patterns, the hash. */
#include "policy/base/name.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#include "policy/base/hash.h"

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define L61 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"
#define N253 L63 "." L63 "." L63 "." L61
#define N254 L63 "." L63 "." L63 "." L61 "j"

static const char *const statuses[] = {
	[NAME_OK] = "ok",	    [NAME_EMPTY] = "empty",	[NAME_TOO_LONG] = "too long", [NAME_MALFORMED] = "malformed",
	[NAME_NUMERIC] = "numeric", [NAME_LOCAL] = "local",
};

static void canonical(void)
{
	static const struct {
		const char *rule, *text;
		enum name_status status;
		const char *expected;		/* NULL: the text itself */
	} rows[] = {
		{"plain", "example.com", NAME_OK, NULL},
		{"case (RFC 4343 3)", "SIP.Example.COM", NAME_OK, "sip.example.com"},
		{"only A to Z have a case", "a[\\]^_`{|}~@", NAME_OK, NULL},
		{"the root's dot", "example.com.", NAME_OK, "example.com"},
		{"one label", "registrar", NAME_OK, NULL},
		{"one label and the root's dot", "registrar.", NAME_OK, "registrar"},
		{"one byte", "a", NAME_OK, NULL},
		{"service labels", "_sip._tcp.example.com", NAME_OK, NULL},
		{"hyphens anywhere", "-a-.-b-", NAME_OK, NULL},
		{"A-labels", "xn--bcher-kva.example", NAME_OK, NULL},
		{"digits", "3com.com", NAME_OK, NULL},
		{"empty", "", NAME_EMPTY, NULL},
		{"the root", ".", NAME_EMPTY, NULL},
		{"two dots at the end", "a..", NAME_MALFORMED, NULL},
		{"two dots", "..", NAME_MALFORMED, NULL},
		{"a dot at the start", ".example.com", NAME_MALFORMED, NULL},
		{"an empty label", "a..b", NAME_MALFORMED, NULL},
		{"a space", "a b.example", NAME_MALFORMED, NULL},
		{"a space at the end", "example.com ", NAME_MALFORMED, NULL},
		{"a space alone", " ", NAME_MALFORMED, NULL},
		{"a tab", "a\tb", NAME_MALFORMED, NULL},
		{"a newline", "example.com\n", NAME_MALFORMED, NULL},
		{"DEL", "a\177b", NAME_MALFORMED, NULL},
		{"a control byte", "a\001b", NAME_MALFORMED, NULL},
		{"UTF-8", "b\303\274cher.example", NAME_MALFORMED, NULL},
		{"0x80", "a\200", NAME_MALFORMED, NULL},
		{"0xff", "a\377", NAME_MALFORMED, NULL},
		{"a label of 63", L63 ".example", NAME_OK, NULL},
		{"a label of 64", L63 "l.example", NAME_TOO_LONG, NULL},
		{"a last label of 63", "a." L63, NAME_OK, NULL},
		{"a last label of 64", "a." L63 "l", NAME_TOO_LONG, NULL},
		{"63 and the root's dot", L63 ".", NAME_OK, L63},
		{"253 bytes", N253, NAME_OK, NULL},
		{"253 bytes and the root's dot", N253 ".", NAME_OK, N253},
		{"254 bytes", N254, NAME_TOO_LONG, NULL},
		{"254 bytes and the root's dot", N254 ".", NAME_TOO_LONG, NULL},
		{"very long", N253 "." N253 "." N253, NAME_TOO_LONG, NULL},

		{"dotted IPv4", "192.0.2.1", NAME_NUMERIC, NULL},
		{"IPv4 and the root's dot", "192.0.2.1.", NAME_NUMERIC, NULL},
		{"inet_aton: three parts", "192.0.513", NAME_NUMERIC, NULL},
		{"inet_aton: two parts", "127.1", NAME_NUMERIC, NULL},
		{"inet_aton: one number", "2130706433", NAME_NUMERIC, NULL},
		{"inet_aton: hex", "0x7f000001", NAME_NUMERIC, NULL},
		{"inet_aton: HEX", "0X7F.1", NAME_NUMERIC, NULL},
		{"inet_aton: octal", "0177.0.0.1", NAME_NUMERIC, NULL},
		{"inet_aton: zero", "0", NAME_NUMERIC, NULL},
		{"all zeros", "0.0.0.0", NAME_NUMERIC, NULL},
		{"no address: 256", "256.0.0.1", NAME_OK, NULL},
		{"no address: five parts", "1.2.3.4.5", NAME_OK, NULL},
		{"no address: a bad octal digit", "08.8.8.8", NAME_OK, NULL},
		{"no address: a letter", "1.2.3.a", NAME_OK, NULL},
		{"ENUM", "4.3.2.1.e164.arpa", NAME_OK, NULL},
		{"reverse", "1.2.0.192.in-addr.arpa", NAME_OK, NULL},
		{"IPv6", "2001:db8::1", NAME_NUMERIC, NULL},
		{"IPv6 any", "::", NAME_NUMERIC, NULL},
		{"IPv6 with a scope", "fe80::1%eth0", NAME_NUMERIC, NULL},
		{"IPv4-mapped", "::ffff:192.0.2.1", NAME_NUMERIC, NULL},

		{"localhost", "localhost", NAME_LOCAL, NULL},
		{"LOCALHOST", "LocalHost", NAME_LOCAL, NULL},
		{"localhost.", "localhost.", NAME_LOCAL, NULL},
		{"below localhost (RFC 6761 6.3)", "a.localhost", NAME_LOCAL, NULL},
		{"far below it", "a.b.c.LOCALHOST.", NAME_LOCAL, NULL},
		{"localhost.localdomain", "localhost.localdomain", NAME_LOCAL, NULL},
		{"ip6-localhost", "ip6-localhost", NAME_LOCAL, NULL},
		{"ip6-loopback", "ip6-loopback", NAME_LOCAL, NULL},
		{"not local: a suffix without its dot", "notlocalhost", NAME_OK, NULL},
		{"not local: under another domain", "localhost.example", NAME_OK, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct name n;
		memset(&n, 0xff, sizeof n);
		check_row("name, %s", rows[i].rule);
		enum name_status s = name_canonical(rows[i].text, &n);
		check_text(rows[i].text, statuses[rows[i].status], statuses[s]);
		if (s != NAME_OK)
			continue;
		check_text(rows[i].text, rows[i].expected ? rows[i].expected : rows[i].text, n.text);
		check_number("length", strlen(n.text), n.len);
		for (size_t k = n.len; k < NAME_BYTES; k++)
			check_number("padding", 0, (uint8_t)n.text[k]);
	}
}

static void status_texts(void)
{
	for (unsigned s = 0; s < sizeof statuses / sizeof *statuses; s++) {
		check_row("text of status %s", statuses[s]);
		check_true("not empty", *name_status_text((enum name_status)s) != '\0');
	}
}

static void patterns(void)
{
	static const struct {
		const char *pattern, *name;
		bool expected;
	} rows[] = {
		{"example.com", "example.com", true},	     {"Example.COM", "example.com", true},
		{"example.com", "example.co", false},	     {"example.co", "example.com", false},
		{"*", "a", true},			     {"*", "a.b.c", true},
		{"*.example.com", "sip.example.com", true},  {"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},     {"*example.com", "example.com", true},
		{"sip.*", "sip.example.com", true},	     {"sip.*", "sip", false},
		{"sip*", "sip", true},			     {"s*p.*.com", "sip.example.com", true},
		{"*a*b*", "xxaxxbxx", true},		     {"*a*b*", "xxbxxaxx", false},
		{"*ab", "aab", true},			     {"*ab", "abab", true},
		{"*abc", "ababc", true},		     {"a*a", "a", false},
		{"a*a", "aa", true},			     {"**", "a", true},
		{"a**b", "ab", true},			     {"", "a", false},
		{"?", "a", false},			     {"[a]", "a", false},
		{"*.*", "a", false},			     {"*.*", "a.b", true},
		{N253, N253, true},			     {"*" N253, N253, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct name n;
		check_row("pattern %s on %s", rows[i].pattern, rows[i].name);
		check_true("canonical", name_canonical(rows[i].name, &n) == NAME_OK);
		check_number("matches", rows[i].expected, name_match(rows[i].pattern, NAME_BYTES, &n));
	}
}

/* A pattern may fill its room without a NUL, as one from a torn table does. */
static void pattern_bounds(void)
{
	struct name n;
	char *stars = malloc(64);
	memset(stars, '*', 64);
	name_canonical("example.com", &n);
	check_row("a pattern without end");
	check_true("read to its size only", name_match(stars, 64, &n));
	memset(stars, 'a', 64);
	check_true("read to its size only", !name_match(stars, 64, &n));
	check_row("a pattern of size 0");
	check_true("matches nothing", !name_match(stars, 0, &n));
	free(stars);

	/* The worst case is quadratic, not exponential. */
	char worst[NAME_BYTES];
	for (size_t i = 0; i + 1 < sizeof worst; i++)
		worst[i] = i % 2 ? '*' : 'a';
	worst[sizeof worst - 1] = '\0';
	worst[sizeof worst - 2] = 'b';
	check_row("a pattern of many stars comes back");
	name_canonical(L63 "." L63 "." L63 "." L61, &n);
	check_true("no match", !name_match(worst, sizeof worst, &n));
}

static void hashes(void)
{
	struct name a, b;
	name_canonical("SIP.example.com.", &a);
	name_canonical("sip.EXAMPLE.com", &b);
	check_row("equal names have one hash");
	check_true("hash", name_hash(&a, 7) == name_hash(&b, 7));
	check_row("another seed, another hash");
	check_true("hash", name_hash(&a, 7) != name_hash(&a, 8));

	/* 4,096 names over 128 places: none gets many times its share. */
	unsigned places[128] = {0}, most = 0;
	for (unsigned i = 0; i < 4096; i++) {
		char text[32];
		snprintf(text, sizeof text, "host%u.example.com", i);
		name_canonical(text, &a);
		uint32_t slot = hash_slot(name_hash(&a, 12345), 128);
		most = ++places[slot & 127] > most ? places[slot & 127] : most;
	}
	check_row("names spread over the places");
	check_range("in the fullest of 128, of 4096", 32, 64, most);

	/* The high 40 bits are what a key keeps. */
	unsigned same = 0;
	uint64_t last = 0;
	for (unsigned i = 0; i < 4096; i++) {
		char text[32];
		snprintf(text, sizeof text, "h%u", i);
		name_canonical(text, &a);
		uint64_t h = name_hash(&a, 99);
		same += (h ^ last) >> 24 == 0;
		last = h;
	}
	check_row("the kept bits differ");
	check_number("equal neighbours", 0, same);
}

int main(void)
{
	canonical();
	status_texts();
	patterns();
	pattern_bounds();
	hashes();
	return check_done();
}
