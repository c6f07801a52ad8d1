/*
 * answer.c: what policy/wire/dns-message.c makes of DNS messages.
 *
 * Real ones are the fuzz corpus (dnsmasq 2.90 and unbound 1.17, as they came);
 * hostile ones are written here as string literals. How an answer is written in the
 * rows: see message.h.
 */
#include "tests/unit/message.h"

/* ---- real answers ---- */

static void real_answers(void)
{
	static const struct {
		const char *file, *expected;
	} rows[] = {
		{"dnsmasq-a",
		 "ok pool.example.test A min 300 192.0.2.3@300 192.0.2.2@300 192.0.2.4@300 192.0.2.1@300"},
		{"dnsmasq-a-case",
		 "ok pool.example.test A min 300 192.0.2.2@300 192.0.2.4@300 192.0.2.3@300 192.0.2.1@300"},
		{"dnsmasq-aaaa-edns",
		 "ok pool.example.test AAAA min 300 2001:db8::2@300 2001:db8::1@300"},
		{"dnsmasq-chaos",
		 "other version.bind type16"},
		{"dnsmasq-cname",
		 "ok sip.example.test A min 20 192.0.2.4@300 192.0.2.3@300 192.0.2.2@300 192.0.2.1@300"},
		{"dnsmasq-naptr",
		 "other example.test type35"},
		{"dnsmasq-nodata",
		 "empty one.example.test AAAA"},
		{"dnsmasq-nxdomain",
		 "error missing.example.test A rcode 3"},
		{"dnsmasq-refused",
		 "error elsewhere.invalid A rcode 5"},
		{"dnsmasq-sixteen",
		 "ok sixteen.example.test A min 300 192.0.2.101@300 192.0.2.109@300 192.0.2.105@300 192.0.2.110@300"
		 " 192.0.2.103@300 192.0.2.111@300 192.0.2.106@300 192.0.2.112@300 192.0.2.102@300 192.0.2.113@300"
		 " 192.0.2.107@300 192.0.2.114@300 192.0.2.104@300 192.0.2.115@300 192.0.2.108@300 192.0.2.116@300"},
		{"dnsmasq-srv",
		 "ok _sip._udp.example.test SRV min 300 20 0 5080 proxy2.example.test@300 10 40 5060"
		 " proxy2.example.test@300 10 60 5060 proxy1.example.test@300 +0=192.0.2.12 +1=192.0.2.12 +0=192.0.2.13"
		 " +1=192.0.2.13 +2=192.0.2.11 +2=2001:db8::11"},
		{"dnsmasq-srv-edns",
		 "ok _sip._udp.example.test SRV min 300 10 40 5060 proxy2.example.test@300 10 60 5060"
		 " proxy1.example.test@300 20 0 5080 proxy2.example.test@300 +1=2001:db8::11 +1=192.0.2.11 +0=192.0.2.13"
		 " +2=192.0.2.13 +0=192.0.2.12 +2=192.0.2.12"},
		{"dnsmasq-truncated",
		 "truncated fat.example.test AAAA"},
		{"unbound-a",
		 "ok pool.example.test A min 300 192.0.2.2@300 192.0.2.3@300 192.0.2.4@300 192.0.2.1@300"},
		{"unbound-a-signed",
		 "ok pool.example.test A rrsig min 300 192.0.2.2@300 192.0.2.3@300 192.0.2.4@300 192.0.2.1@300"},
		{"unbound-aaaa",
		 "ok pool.example.test AAAA min 300 2001:db8::2@300 2001:db8::1@300"},
		{"unbound-badvers",
		 "error pool.example.test A rcode 16"},
		{"unbound-cname",
		 "ok sip.example.test A min 20 192.0.2.2@300 192.0.2.3@300 192.0.2.4@300 192.0.2.1@300"},
		{"unbound-cname-edns",
		 "ok sip.example.test AAAA min 20 2001:db8::2@300 2001:db8::1@300"},
		{"unbound-cname-signed",
		 "ok sip.example.test A rrsig min 20 192.0.2.2@300 192.0.2.3@300 192.0.2.4@300 192.0.2.1@300"},
		{"unbound-dname",
		 "ok a.old.example.test A min 0 192.0.2.9@60"},
		{"unbound-loop",
		 "not"},
		{"unbound-nodata",
		 "empty one.example.test AAAA"},
		{"unbound-nodata-signed",
		 "empty one.example.test AAAA"},
		{"unbound-nxdomain",
		 "error missing.example.test A rcode 3"},
		{"unbound-nxdomain-edns",
		 "error missing.example.test A rcode 3"},
		{"unbound-servfail",
		 "error loop1.example.test A rcode 2"},
		{"unbound-sixteen",
		 "ok sixteen.example.test A min 60 192.0.2.102@60 192.0.2.103@60 192.0.2.104@60 192.0.2.105@60"
		 " 192.0.2.106@60 192.0.2.107@60 192.0.2.108@60 192.0.2.109@60 192.0.2.110@60 192.0.2.111@60"
		 " 192.0.2.112@60 192.0.2.113@60 192.0.2.114@60 192.0.2.115@60 192.0.2.116@60 192.0.2.101@60"},
		{"unbound-srv",
		 "ok _sip._udp.example.test SRV min 60 10 40 5060 proxy2.example.test@60 10 60 5060 proxy1.example.test@60"
		 " 20 0 5080 proxy2.example.test@60 +0=192.0.2.13 +2=192.0.2.13 +0=192.0.2.12 +2=192.0.2.12 +1=192.0.2.11"
		 " +1=2001:db8::11"},
		{"unbound-srv-cname",
		 "ok _sip._udp.hosted.example.test SRV min 60 10 40 5060 proxy2.example.test@60 10 60 5060"
		 " proxy1.example.test@60 20 0 5080 proxy2.example.test@60 +0=192.0.2.13 +2=192.0.2.13 +0=192.0.2.12"
		 " +2=192.0.2.12 +1=192.0.2.11 +1=2001:db8::11"},
		{"unbound-srv-none",
		 "ok _sips._tcp.example.test SRV min 60 0 0 0 -@60"},
		{"unbound-srv-signed",
		 "ok _sip._udp.example.test SRV rrsig min 60 10 40 5060 proxy2.example.test@60 10 60 5060"
		 " proxy1.example.test@60 20 0 5080 proxy2.example.test@60 +0=192.0.2.13 +2=192.0.2.13 +0=192.0.2.12"
		 " +2=192.0.2.12 +1=192.0.2.11 +1=2001:db8::11"},
		{"unbound-truncated",
		 "truncated fat.example.test AAAA"},
		{"unbound-void",
		 "empty void.example.test A"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("real answer %s", rows[i].file);
		struct message m = message_load(rows[i].file);
		check_text("parsed", rows[i].expected, message_text(&m));
		free(m.bytes);
	}
}

/* What ends early is no answer, wherever it ends, and no byte past the end is read. */
static void prefixes(void)
{
	static const char *const files[] = {"dnsmasq-cname", "dnsmasq-srv-edns", "unbound-srv-signed", "unbound-nxdomain",
					    "unbound-dname", "unbound-nodata-signed", "dnsmasq-eighty-tcp"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		check_row("every prefix of %s", files[i]);
		struct message whole = message_load(files[i]);
		for (size_t len = 0; len < whole.len; len++) {
			struct message m = message_from(whole.bytes, len);
			if (!check_text("a prefix", "not", message_text(&m)))
				len = whole.len;
			free(m.bytes);
		}
		free(whole.bytes);
	}
}

/* ---- messages written by hand ---- */

#define LABEL "\x32" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"	/* 51 bytes */

static void made_messages(void)
{
	static const struct {
		const char *rule, *bytes;
		size_t len;
		const char *expected;
	} rows[] = {
		{"nothing", M(""), "not"},
		{"half a header", M(ID RESPONSE "\0\1\0\1\0\0\0"), "not"},
		{"a header that announces a question", M(HEAD("\0", "\0")), "not"},
		{"a query", M(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") QUESTION), "not"},
		{"an error without a question", M(ID "\x81\x81" COUNTS("\0", "\0", "\0", "\0")), "error - type0 rcode 1"},
		{"no question", M(ID RESPONSE COUNTS("\0", "\0", "\0", "\0")), "other - type0"},
		{"two questions", M(ID RESPONSE COUNTS("\2", "\0", "\0", "\0") QUESTION QUESTION), "other - type0"},
		{"another opcode", M(ID "\xa1\x80" COUNTS("\1", "\0", "\0", "\0") QUESTION), "other - type0"},
		{"another class", M(HEAD("\0", "\0") ASKED "\0\1\0\3"), "other a.test A"},
		{"another type", M(HEAD("\0", "\0") ASKED "\0\x23\0\1"), "other a.test type35"},
		{"one record", M(HEAD("\1", "\0") QUESTION A_RECORD(AT_ASKED, "\1")), "ok a.test A min 60 192.0.2.1@60"},
		{"upper case is lower case", M(HEAD("\1", "\0") "\1A\4TesT\0" A_IN A_RECORD(ASKED, "\1")),
		 "ok a.test A min 60 192.0.2.1@60"},
		{"bytes after the last record", M(HEAD("\1", "\0") QUESTION A_RECORD(AT_ASKED, "\1") "junk"),
		 "ok a.test A min 60 192.0.2.1@60"},
		{"a record less than announced", M(HEAD("\2", "\0") QUESTION A_RECORD(AT_ASKED, "\1")), "not"},
		{"an additional record less", M(HEAD("\1", "\1") QUESTION A_RECORD(AT_ASKED, "\1")), "not"},
		{"an error with a record less", M(ID "\x81\x83" COUNTS("\1", "\1", "\0", "\0") QUESTION), "not"},
		{"TC, cut in a record", M(ID "\x83\x80" COUNTS("\1", "\1", "\0", "\0") QUESTION AT_ASKED "\0"), "truncated a.test A"},
		{"TC, cut in the question", M(ID "\x83\x80" COUNTS("\1", "\1", "\0", "\0") "\1a\4te"), "not"},
		{"an address of 5 bytes", M(HEAD("\1", "\0") QUESTION AT_ASKED A_IN TTL "\0\5\xc0\0\2\1\1"), "not"},
		{"RDATA past the end", M(HEAD("\1", "\0") QUESTION AT_ASKED A_IN TTL "\0\5\xc0\0\2\1"), "not"},
		{"a TTL with its highest bit", M(HEAD("\1", "\0") QUESTION AT_ASKED A_IN "\x80\0\0\1" "\0\4\xc0\0\2\1"),
		 "ok a.test A min 0 192.0.2.1@0"},
		{"somebody else's record", M(HEAD("\1", "\0") QUESTION A_RECORD("\1b\xc0\x0e", "\1")), "empty a.test A"},
		{"another class's record", M(HEAD("\1", "\0") QUESTION AT_ASKED "\0\1\0\3" TTL "\0\4\xc0\0\2\1"), "empty a.test A"},
		{"AAAA in an answer to A", M(HEAD("\1", "\0") QUESTION AT_ASKED "\0\x1c\0\1" TTL "\0\x10" "0123456789abcdef"),
		 "empty a.test A"},

		{"a pointer to itself", M(HEAD("\0", "\0") "\xc0\x0c" A_IN), "not"},
		{"a pointer forward", M(HEAD("\1", "\0") QUESTION A_RECORD("\xc0\x1a", "\1")), "not"},
		{"a pointer to its own label", M(HEAD("\1", "\0") QUESTION A_RECORD("\1b\xc0\x18", "\1")), "not"},
		{"a pointer into the header", M(HEAD("\1", "\0") QUESTION A_RECORD("\xc0\4", "\1")), "not"},
		{"half a pointer", M(HEAD("\1", "\0") QUESTION "\xc0"), "not"},
		{"half a pointer in the question", M(HEAD("\0", "\0") "\xc0"), "not"},
		{"a name that runs over its own pointer", M(HEAD("\2", "\0") QUESTION A_RECORD("\xc0\x15", "\1") A_RECORD(AT_ASKED, "\2")), "not"},
		{"a label of type 01", M(HEAD("\0", "\0") "\x41" "a" A_IN), "not"},
		{"a label past the end", M(HEAD("\0", "\0") "\x3f" "abc"), "not"},
		{"a name without its root", M(HEAD("\0", "\0") "\1a\4test"), "not"},
		{"a name of 256 bytes", M(HEAD("\0", "\0") LABEL LABEL LABEL LABEL LABEL "\0" A_IN), "not"},
		{"a pointer makes it 256 bytes", M(HEAD("\1", "\0") LABEL LABEL LABEL LABEL "\0" A_IN A_RECORD(LABEL AT_ASKED, "\1")), "not"},
		{"a pointer into an address", M(HEAD("\2", "\0") QUESTION AT_ASKED A_IN TTL "\0\4\1b\0\0" A_RECORD("\xc0\x24", "\1")), "not"},
		{"a pointer to a pointer in an address",
		 M(HEAD("\2", "\0") QUESTION AT_ASKED A_IN TTL "\0\4" AT_ASKED "\0\0" A_RECORD("\xc0\x24", "\1")), "not"},
		{"a pointer to a pointer", M(HEAD("\2", "\0") QUESTION A_RECORD(AT_ASKED, "\1") A_RECORD("\xc0\x18", "\2")),
		 "ok a.test A min 60 192.0.2.1@60 192.0.2.2@60"},
		{"a pointer into a TTL", M(HEAD("\2", "\0") QUESTION AT_ASKED A_IN "\1b\0\0" "\0\4\1b\0\0" A_RECORD("\xc0\x1e", "\1")), "not"},

		{"a dot in a label", M(HEAD("\0", "\0") "\3a.b\4test\0" A_IN), "other - A"},
		{"a backslash in a label", M(HEAD("\0", "\0") "\3a\\b\4test\0" A_IN), "other - A"},
		{"a NUL in a label", M(HEAD("\0", "\0") "\3a\0b\4test\0" A_IN), "other - A"},
		{"a space in a label", M(HEAD("\0", "\0") "\3a b\4test\0" A_IN), "other - A"},
		{"UTF-8 in a label", M(HEAD("\0", "\0") "\2\xc3\xa9\4test\0" A_IN), "other - A"},
		{"the root", M(HEAD("\0", "\0") "\0" A_IN), "other - A"},
		{"localhost", M(HEAD("\0", "\0") "\x9localhost\0" A_IN), "other - A"},
		{"an address as a name", M(HEAD("\0", "\0") "\3" "127\1" "0\1" "0\1" "1\0" A_IN), "other - A"},
		{"type 0 in an answer to what is not ours", M(HEAD("\1", "\0") ASKED "\0\x3f\0\1" AT_ASKED "\0\0\0\1" TTL "\0\0"),
		 "other a.test type63"},

		{"a chain in reverse", M(HEAD("\3", "\0") QUESTION A_RECORD("\1c\0", "\1") ALIAS("\1b\0", "c") ALIAS(AT_ASKED, "b")),
		 "ok a.test A min 60 192.0.2.1@60"},
		{"a chain that leads away", M(HEAD("\2", "\0") QUESTION ALIAS(AT_ASKED, "b") A_RECORD("\1c\0", "\1")), "empty a.test A"},
		{"records along the chain", M(HEAD("\3", "\0") QUESTION ALIAS(AT_ASKED, "b") A_RECORD(AT_ASKED, "\1") A_RECORD("\1b\0", "\2")),
		 "ok a.test A min 60 192.0.2.2@60"},
		{"an alias of another class", M(HEAD("\2", "\0") QUESTION AT_ASKED "\0\5\0\3" TTL "\0\3\1b\0" A_RECORD(AT_ASKED, "\1")),
		 "ok a.test A min 60 192.0.2.1@60"},
		{"an alias of itself", M(HEAD("\1", "\0") QUESTION AT_ASKED CNAME_IN TTL "\0\2" AT_ASKED), "not"},
		{"a loop of two", M(HEAD("\2", "\0") QUESTION ALIAS(AT_ASKED, "b") "\1b\0" CNAME_IN TTL "\0\2" AT_ASKED), "not"},
		{"an alias shorter than its RDATA", M(HEAD("\1", "\0") QUESTION AT_ASKED CNAME_IN TTL "\0\4\1b\0\0"), "not"},

		{"an SRV target of no bytes", M(HEAD("\1", "\0") ASKED SRV_IN AT_ASKED SRV_IN TTL "\0\6\0\1\0\2\x13\xc4"), "not"},
		{"an SRV target past its RDATA", M(HEAD("\1", "\0") ASKED SRV_IN AT_ASKED SRV_IN TTL "\0\7\0\1\0\2\x13\xc4\1b\0"), "not"},
		{"a compressed SRV target", M(HEAD("\1", "\0") ASKED SRV_IN AT_ASKED SRV_IN TTL "\0\x8\0\1\0\2\x13\xc4" AT_ASKED),
		 "ok a.test SRV min 60 1 2 5060 a.test@60"},
		{"an SRV target that is an address", M(HEAD("\1", "\0") ASKED SRV_IN AT_ASKED SRV_IN TTL "\0\xf\0\1\0\2\x13\xc4\1" "1\1" "2\1" "3\1" "4\0"),
		 "ok a.test SRV min 60 1 2 5060 -@60"},
		{"SRV and an address of its target", M(HEAD("\2", "\2") ASKED SRV_IN SRV_RECORD("\1", "b") SRV_RECORD("\2", "c")
						       A_RECORD("\1c\0", "\1") A_RECORD("\1d\0", "\2")),
		 "ok a.test SRV min 60 1 2 5060 b@60 2 2 5060 c@60 +1=192.0.2.1"},
		{"TSIG", M(HEAD("\1", "\1") QUESTION A_RECORD(AT_ASKED, "\1") "\1k\0\0\xfa\0\xff\0\0\0\0\0\0"), "other a.test A"},
		{"EDNS says BADVERS", M(HEAD("\0", "\1") QUESTION "\0\0\x29\4\xd0\1\0\0\0\0\0"), "error a.test A rcode 16"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("made message, %s", rows[i].rule);
		struct message m = message_from(rows[i].bytes, rows[i].len);
		check_text("parsed", rows[i].expected, message_text(&m));
		free(m.bytes);
	}
}

/* A chain of n aliases, the last first, then the address. */
static size_t make_chain(uint8_t *to, uint8_t n)
{
	static const char head[] = HEAD("\0", "\0") QUESTION, address[] = "\1?" "\0" A_IN TTL "\0\4\xc0\0\2\1";
	static const char first[] = AT_ASKED CNAME_IN TTL "\0\3\1?", next[] = "\1?" "\0" CNAME_IN TTL "\0\3\1?";
	size_t len = sizeof head - 1;
	memcpy(to, head, len);
	to[7] = (uint8_t)(n + 1);
	for (uint8_t i = n; i-- > 1; len += sizeof next) {
		memcpy(to + len, next, sizeof next);
		to[len + 1] = (uint8_t)('A' + i - 1);
		to[len + sizeof next - 2] = (uint8_t)('a' + i);
	}
	memcpy(to + len, first, sizeof first);
	to[len + sizeof first - 2] = 'a';
	len += sizeof first;
	memcpy(to + len, address, sizeof address - 1);
	to[len + 1] = (uint8_t)('A' + n - 1);
	return len + sizeof address - 1;
}

static void chains(void)
{
	static const char end[] = "ok a.test A min 60 192.0.2.1@60";
	uint8_t bytes[1024];
	for (uint8_t n = 1; n <= ANSWER_LINKS + 1; n++) {
		check_row("a chain of %u aliases in reverse", n);
		struct message m = message_from(bytes, make_chain(bytes, n));
		check_text("parsed", n <= ANSWER_LINKS ? end : "not", message_text(&m));
		free(m.bytes);
	}
}

static void many(void)
{
	check_row("80 addresses: 64 are kept");
	struct message m = message_load("dnsmasq-eighty-tcp");
	struct answer a;
	check_number("status", ANSWER_OK, answer_parse(m.bytes, m.len, &a));
	check_number("records", ANSWER_MAX, a.n);
	check_true("more", a.more);
	free(m.bytes);
}

int main(void)
{
	real_answers();
	prefixes();
	made_messages();
	chains();
	many();
	return check_done();
}
