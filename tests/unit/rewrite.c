/*
 * rewrite.c: DNS answers rewritten in place by policy/wire/dns-message.c, and questions compared.
 *
 * A row is a message, one rewrite, and what the message then says (message.h). Every
 * byte outside the fields that were to change is the fuzz target's to compare.
 */
#include "tests/unit/message.h"

#define A_TTL(seconds, last) AT_ASKED A_IN "\0\0\0" seconds "\0\4\xc0\0\2" last
#define THREE HEAD("\3", "\0") QUESTION A_TTL("\x0a", "\1") A_TTL("\x14", "\2") A_TTL("\0", "\3")
#define TWO_SRV(one, two) HEAD("\2", "\0") ASKED SRV_IN SRV_RECORD(one, "b") SRV_RECORD(two, "c")
#define THREE_SRV(one, two, three) HEAD("\3", "\0") ASKED SRV_IN SRV_RECORD(one, "b") SRV_RECORD(two, "c") SRV_RECORD(three, "d")
#define SIGNATURE AT_ASKED "\0\x2e\0\1" TTL "\0\0"

static struct message parsed(const char *bytes, size_t len, struct answer *a)
{
	struct message m = message_from(bytes, len);
	check_number("status", ANSWER_OK, answer_parse(m.bytes, m.len, a));
	return m;
}

/* Compares what the message says after a rewrite; one that was refused changed nothing. */
static void judge(struct message *m, const char *before, bool done, const char *expected)
{
	if (done)
		check_text("after", expected, message_text(m));
	else
		check_true("refused, with nothing changed", expected == NULL && memcmp(m->bytes, before, m->len) == 0);
	free(m->bytes);
}

static void orders(void)
{
	static const struct {
		const char *rule, *bytes;
		size_t len;
		const char *order, *expected;
	} rows[] = {
		{"one in front", M(THREE), "\2\0\1", "ok a.test A min 0 192.0.2.3@0 192.0.2.1@10 192.0.2.2@20"},
		{"as it is", M(THREE), "\0\1\2", "ok a.test A min 0 192.0.2.1@10 192.0.2.2@20 192.0.2.3@0"},
		{"a cycle", M(THREE), "\1\2\0", "ok a.test A min 0 192.0.2.2@20 192.0.2.3@0 192.0.2.1@10"},
		{"one twice", M(THREE), "\2\2\1", NULL},
		{"one that is not there", M(THREE), "\0\1\3", NULL},
		{"far past them", M(THREE), "\0\1\xff", NULL},
		{"too few", M(THREE), "\1", NULL},
		{"signed: an RRset has no order", M(HEAD("\3", "\0") QUESTION A_TTL("\1", "\1") SIGNATURE A_TTL("\1", "\2")), "\1\0\0",
		 "ok a.test A rrsig min 1 192.0.2.2@1 192.0.2.1@1"},
		{"SRV", M(TWO_SRV("\1", "\2")), "\1\0", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct answer a;
		check_row("order, %s", rows[i].rule);
		struct message m = parsed(rows[i].bytes, rows[i].len, &a);
		size_t n = strcmp(rows[i].rule, "too few") == 0 ? 2 : a.n;
		bool done = answer_order(m.bytes, &a, (const uint8_t *)rows[i].order, n);
		judge(&m, rows[i].bytes, done, rows[i].expected);
	}
}

static void onlys(void)
{
	static const struct {
		const char *rule, *bytes;
		size_t len;
		const char *pin;
		uint32_t cap;
		const char *expected;
	} rows[] = {
		{"the cap lowers, never raises; 0 is 1", M(THREE), "192.0.2.9", 15, "ok a.test A min 1 192.0.2.9@10 192.0.2.9@15 192.0.2.9@1"},
		{"a cap of 0 is 1", M(THREE), "192.0.2.9", 0, "ok a.test A min 1 192.0.2.9@1 192.0.2.9@1 192.0.2.9@1"},
		{"a cap that lowers nothing", M(THREE), "192.0.2.2", 30, "ok a.test A min 1 192.0.2.2@10 192.0.2.2@20 192.0.2.2@1"},
		{"the other family", M(THREE), "2001:db8::1", 30, NULL},
		{"at the end of a chain", M(HEAD("\2", "\0") QUESTION ALIAS(AT_ASKED, "b") A_RECORD("\1b\0", "\1")), "192.0.2.9", 30,
		 "ok a.test A min 30 192.0.2.9@30"},
		{"signed", M(HEAD("\2", "\0") QUESTION A_TTL("\1", "\1") SIGNATURE), "192.0.2.9", 30, NULL},
		{"SRV", M(TWO_SRV("\1", "\2")), "192.0.2.9", 30, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct answer a;
		struct address pin;
		check_row("only, %s", rows[i].rule);
		struct message m = parsed(rows[i].bytes, rows[i].len, &a);
		check_true("the pin", address_parse(rows[i].pin, &pin));
		judge(&m, rows[i].bytes, answer_only(m.bytes, &a, &pin, rows[i].cap), rows[i].expected);
	}
}

static void srv_firsts(void)
{
	static const struct {
		const char *rule, *bytes;
		size_t len, pinned;
		const char *expected;
	} rows[] = {
		{"already first", M(TWO_SRV("\1", "\2")), 0, "ok a.test SRV min 60 1 2 5060 b@60 2 2 5060 c@60"},
		{"its own suffices", M(TWO_SRV("\1", "\2")), 1, "ok a.test SRV min 60 1 2 5060 b@60 0 2 5060 c@60"},
		{"equal", M(TWO_SRV("\1", "\1")), 1, "ok a.test SRV min 60 1 2 5060 b@60 0 2 5060 c@60"},
		{"both 0", M(TWO_SRV("\0", "\0")), 0, "ok a.test SRV min 60 0 2 5060 b@60 1 2 5060 c@60"},
		{"another 0", M(THREE_SRV("\0", "\7", "\0")), 1, "ok a.test SRV min 60 1 2 5060 b@60 0 2 5060 c@60 1 2 5060 d@60"},
		{"the others keep their order", M(THREE_SRV("\0", "\1", "\0")), 0, "ok a.test SRV min 60 0 2 5060 b@60 2 2 5060 c@60 1 2 5060 d@60"},
		{"alone", M(HEAD("\1", "\0") ASKED SRV_IN SRV_RECORD("\5", "b")), 0, "ok a.test SRV min 60 5 2 5060 b@60"},
		{"not there", M(TWO_SRV("\1", "\2")), 2, NULL},
		{"signed", M(HEAD("\2", "\0") ASKED SRV_IN SRV_RECORD("\1", "b") SIGNATURE), 0, NULL},
		{"no SRV", M(THREE), 0, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct answer a;
		check_row("SRV first, %s", rows[i].rule);
		struct message m = parsed(rows[i].bytes, rows[i].len, &a);
		judge(&m, rows[i].bytes, answer_srv_first(m.bytes, &a, rows[i].pinned), rows[i].expected);
	}
}

/* More records than are kept: the pin could not be alone. It can be first among those. */
static void too_many(void)
{
	struct answer a;
	struct address pin;
	uint8_t order[ANSWER_MAX];
	check_row("80 addresses");
	struct message m = message_load("dnsmasq-eighty-tcp");
	check_number("status", ANSWER_OK, answer_parse(m.bytes, m.len, &a));
	address_parse("192.0.2.9", &pin);
	check_true("not the only one", !answer_only(m.bytes, &a, &pin, 30));
	for (uint8_t i = 0; i < ANSWER_MAX; i++)
		order[i] = (uint8_t)(ANSWER_MAX - 1 - i);
	check_true("ordered", answer_order(m.bytes, &a, order, a.n));
	pin = a.record[ANSWER_MAX - 1].address;
	check_number("still an answer", ANSWER_OK, answer_parse(m.bytes, m.len, &a));
	check_true("the last is first", address_equal(&pin, &a.record[0].address));
	free(m.bytes);
}

/* ---- questions ---- */

static void questions(void)
{
	static const struct {
		const char *rule, *bytes;
		size_t len;
		enum answer_status expected;
	} rows[] = {
		{"a query", M(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") QUESTION), ANSWER_OK},
		{"with EDNS", M(ID "\1\0" COUNTS("\1", "\0", "\0", "\1") QUESTION "\0\0\x29\4\xd0\0\0\0\0\0\0"), ANSWER_OK},
		{"a response", M(HEAD("\0", "\0") QUESTION), ANSWER_NOT},
		{"cut", M(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") ASKED "\0\1\0"), ANSWER_NOT},
		{"of another type", M(ID "\1\0" COUNTS("\1", "\0", "\0", "\0") ASKED "\0\x23\0\1"), ANSWER_OTHER},
		{"of two questions", M(ID "\1\0" COUNTS("\2", "\0", "\0", "\0") QUESTION QUESTION), ANSWER_OTHER},
		{"an update", M(ID "\x28\0" COUNTS("\1", "\0", "\0", "\0") QUESTION), ANSWER_OTHER},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct question q;
		check_row("question, %s", rows[i].rule);
		struct message m = message_from(rows[i].bytes, rows[i].len);
		check_number("status", rows[i].expected, answer_question(m.bytes, m.len, &q));
		free(m.bytes);
	}
}

/* The question of a query and that of its answer, whose case may differ (RFC 5452 9.1): what dns.c compares. */
static void same_questions(void)
{
	static const struct {
		const char *query, *answer;
		bool same;
	} rows[] = {
		{"query-a", "dnsmasq-a", true},	      {"query-a", "unbound-a-case", true},   {"query-a", "unbound-badvers", true},
		{"query-a", "unbound-aaaa", false},   {"query-a", "unbound-cname", false},   {"query-a", "unbound-srv", false},
		{"query-srv-edns", "unbound-srv", true}, {"query-srv-edns", "unbound-srv-zero", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct question asked;
		struct answer a;
		check_row("the question of %s and of %s", rows[i].answer, rows[i].query);
		struct message query = message_load(rows[i].query), answer = message_load(rows[i].answer);
		check_number("the query", ANSWER_OK, answer_question(query.bytes, query.len, &asked));
		answer_parse(answer.bytes, answer.len, &a);
		check_number("the same", rows[i].same, memcmp(&asked, &a.question, sizeof asked) == 0);
		free(query.bytes);
		free(answer.bytes);
	}
}

int main(void)
{
	orders();
	onlys();
	srv_firsts();
	too_many();
	questions();
	same_questions();
	return check_done();
}
