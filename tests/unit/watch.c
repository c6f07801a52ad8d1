/* watch.c: what pinwatch goes by: findings, ICMP messages, new addresses, and failures that are told twice. */
#include "policy/pins/report.h"
#include "policy/table/addresses.h"
#include "policy/table/insert.h"
#include "tests/unit/check.h"
#include "tests/unit/lab.h"

#include <errno.h>

#include "policy/base/clock.h"
#include "policy/pins/report.h"
#include "policy/table/addresses.h"
#include "tools/pinwatch/finding.h"
#include "tools/pinwatch/icmp.h"

/* ---- findings ---- */

static void findings(void)
{
	static const struct {
		const char *what;
		struct watch_event e;
		enum finding_kind kind;
		enum cause cause;
		uint32_t timeout_s;
	} rows[] = {
		{"established", {.what = WATCH_ESTABLISHED}, FINDING_WORKS, CAUSE_CONNECTED, 3},
		{"refused", {.what = WATCH_ENDED, .error = ECONNREFUSED}, FINDING_FAILED, CAUSE_REFUSED, 3},
		{"reset while connecting", {.what = WATCH_ENDED, .error = ECONNRESET}, FINDING_FAILED, CAUSE_RESET, 3},
		{"host unreachable", {.what = WATCH_ENDED, .error = EHOSTUNREACH}, FINDING_FAILED, CAUSE_UNREACHABLE, 3},
		{"no network: the host's own", {.what = WATCH_ENDED, .error = ENETUNREACH}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"given up at once", {.what = WATCH_ENDED}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"given up after 3 s", {.what = WATCH_ENDED, .waited_ms = 3000, .retransmits = 2}, FINDING_FAILED, CAUSE_TIMED_OUT, 3},
		{"given up after 3 s, SYN sent twice", {.what = WATCH_ENDED, .waited_ms = 3000, .retransmits = 1}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"given up after 2.9 s", {.what = WATCH_ENDED, .waited_ms = 2900, .retransmits = 2}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"waits 3 s", {.what = WATCH_WAITS, .waited_ms = 3000, .retransmits = 2}, FINDING_FAILED, CAUSE_TIMED_OUT, 3},
		{"waits 1 s", {.what = WATCH_WAITS, .waited_ms = 1000, .retransmits = 1}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"waits 1 s, that is enough", {.what = WATCH_WAITS, .waited_ms = 996, .retransmits = 1}, FINDING_FAILED, CAUSE_TIMED_OUT, 1},
		{"waits 5 s, that is not enough", {.what = WATCH_WAITS, .waited_ms = 5000, .retransmits = 4}, FINDING_NOTHING, CAUSE_NONE, 20},
		{"given up after 21 s", {.what = WATCH_ENDED, .waited_ms = 21000, .retransmits = 4}, FINDING_FAILED, CAUSE_TIMED_OUT, 20},
		{"reset when established", {.what = WATCH_BROKEN, .error = ECONNRESET}, FINDING_RESET, CAUSE_BROKEN, 3},
		{"timed out when established", {.what = WATCH_BROKEN, .error = ETIMEDOUT}, FINDING_FAILED, CAUSE_TIMED_OUT, 3},
		{"written to after its close", {.what = WATCH_BROKEN, .error = EPIPE}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"aborted by ss -K", {.what = WATCH_BROKEN, .error = ECONNABORTED}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"datagram refused", {.what = WATCH_REFUSED, .error = ECONNREFUSED}, FINDING_FAILED, CAUSE_REFUSED, 3},
		{"datagram too long", {.what = WATCH_REFUSED, .error = EMSGSIZE}, FINDING_NOTHING, CAUSE_NONE, 3},
		{"an event of another time", {.what = WATCH_WHATS}, FINDING_NOTHING, CAUSE_NONE, 3},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("%s", rows[i].what);
		struct finding v = finding_of(&rows[i].e, rows[i].timeout_s);
		check_number("kind", rows[i].kind, v.kind);
		check_number("cause", rows[i].cause, v.cause);
	}
}

/* ---- ICMP ---- */

/* 127.0.0.1:5070 to 192.0.2.7:5060 could not be delivered. */
static const uint8_t v4[] = {
	0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 7, 127, 0, 0, 1,	/* IP */
	3, 3, 0, 0, 0, 0, 0, 0,						/* port unreachable */
	0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 192, 0, 2, 7,	/* quoted */
	0x13, 0xce, 0x13, 0xc4, 0, 8, 0, 0,
};

static const uint8_t v6[] = {
	1, 4, 0, 0, 0, 0, 0, 0,
	0x60, 0, 0, 0, 0, 8, 17, 64, [8 + 23] = 1,				/* from ::1 */
	[8 + 24] = 0x20, 0x01, 0x0d, 0xb8, [8 + 39] = 7, 0x13, 0xce, 0x13, 0xc4, 0, 8, 0, 0,
};

static bool says(const struct icmp_error *said, struct address a, uint16_t error)
{
	const struct watch_event *e = &said->event;
	return memcmp(e->peer.addr, a.bytes, 16) == 0 && e->port == 5060 && e->own_port == 5070 && e->error == error;
}

static bool parse_v4(size_t at, uint8_t byte, size_t n, struct icmp_error *e)
{
	uint8_t copy[sizeof v4], *exact = memcpy(malloc(n + 1), memcpy(copy, v4, sizeof v4), n < sizeof v4 ? n : sizeof v4);
	if (at < n)
		exact[at] = byte;
	*e = (struct icmp_error){0};
	bool said = icmp_parse(exact, n, e);
	free(exact);
	return said;
}

static void icmp(void)
{
	struct icmp_error e;
	check_row("an ICMP error is read");
	check_true("parsed", parse_v4(SIZE_MAX, 0, sizeof v4, &e) && says(&e, lab_v4(7), ECONNREFUSED));
	check_true("of its length alone", !e.text && e.quote == quote_of_length(0));
	for (size_t n = 0; n < sizeof v4; n++) {
		check_row("cut after %zu bytes it says nothing", n);
		check_true("nothing", !parse_v4(SIZE_MAX, 0, n, &e));
	}
	static const struct {
		const char *what;
		size_t at;
		uint8_t byte;
		uint16_t error;
	} rows[] = {
		{"host unreachable", 21, 1, EHOSTUNREACH}, {"filtered", 21, 13, EHOSTUNREACH},
		{"network unreachable", 21, 0, 0}, {"too long", 21, 4, 0}, {"an echo reply", 20, 0, 0},
		{"time exceeded", 20, 11, 0}, {"TCP is quoted", 37, 6, 0}, {"a later fragment is quoted", 35, 1, 0},
		{"IPv6 is quoted", 28, 0x65, 0}, {"a header too short", 28, 0x44, 0}, {"options beyond the end", 28, 0x4f, 0},
		{"a length less than a header's", 53, 7, 0}, {"an extension where the header should be", 25, 6, 0},
		{"an outer header too short", 0, 0x44, 0}, {"outer options beyond the end", 0, 0x4f, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("ICMP: %s", rows[i].what);
		bool said = parse_v4(rows[i].at, rows[i].byte, sizeof v4, &e);
		check_number("error", rows[i].error, said ? e.event.error : 0);
	}
}

static void icmpv6(void)
{
	struct icmp_error e = {0};
	check_row("an ICMPv6 error is read, with the quoted header and no more");
	check_true("parsed", icmpv6_parse(v6, sizeof v6, &e) && says(&e, lab_v6(7), ECONNREFUSED));
	for (size_t n = 0; n < sizeof v6; n++) {
		uint8_t *exact = memcpy(malloc(n + 1), v6, n);
		check_row("ICMPv6 cut after %zu bytes says nothing", n);
		check_true("nothing", !icmpv6_parse(exact, n, &e));
		free(exact);
	}
	static const struct {
		const char *what;
		size_t at;
		uint8_t byte;
		uint16_t error;
	} rows[] = {
		{"address unreachable", 1, 3, EHOSTUNREACH}, {"no route", 1, 0, 0}, {"packet too big", 0, 2, 0},
		{"TCP is quoted", 14, 6, 0}, {"IPv4 is quoted", 8, 0x45, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t copy[sizeof v6];
		memcpy(copy, v6, sizeof v6);
		copy[rows[i].at] = rows[i].byte;
		check_row("ICMPv6: %s", rows[i].what);
		check_number("error", rows[i].error, icmpv6_parse(copy, sizeof copy, &e) ? e.event.error : 0);
	}
}

/* ---- what is quoted ---- */

enum { TEXT = 300 };

/* An error that quotes `n` bytes of a datagram with `length` bytes of text; `words`: an extension stands behind so much. */
static struct icmp_error quote(size_t length, size_t n, uint8_t words, size_t changed)
{
	struct icmp_error e = {0};
	uint8_t p[sizeof v4 + TEXT + 64];
	memset(p, 'e', sizeof p);
	memcpy(p, v4, sizeof v4);
	memset(p + sizeof v4, 't', n);
	p[25] = words;
	p[52] = (uint8_t)((8 + length) >> 8);
	p[53] = (uint8_t)(8 + length);
	if (changed < n)
		p[sizeof v4 + changed] ^= 1;
	check_true("parsed", icmp_parse(p, sizeof v4 + (words ? TEXT : n), &e));
	return e;
}

static void quotes(void)
{
	static const struct {
		const char *what;
		size_t length, n;
		uint8_t words;
		bool text;
	} rows[] = {
		{"all", 100, 100, 0, true}, {"all but one byte", 100, 99, 0, false}, {"nothing", 100, 0, 0, false},
		{"as much as Linux does", 300, 256, 0, true}, {"a little less", 300, 255, 0, false},
		{"a text that may be guessed", 63, 63, 0, false}, {"padding behind it", 64, 100, 0, true},
		{"an extension behind 128 bytes", 100, 100, 32, true}, {"an extension too early", 101, 101, 32, false},
		{"more than there is", 300, 299, 255, true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("quoted: %s", rows[i].what);
		const struct icmp_error e = quote(rows[i].length, rows[i].n, rows[i].words, SIZE_MAX);
		check_true("text", e.text == rows[i].text);
		check_true("or length alone", e.text || e.quote == rows[i].length);
	}
	const uint64_t whole = quote(300, 300, 0, SIZE_MAX).quote;
	for (size_t i = 0; i < QUOTE_MAX; i++) {
		check_row("byte %zu is another", i);
		check_true("another quote", quote(300, 300, 0, i).quote != whole);
	}
	check_row("the length is another");
	check_true("another quote", quote(299, 299, 0, SIZE_MAX).quote != whole);
}

static void met_again(void)
{
	enum { A = 1, B };
	static const struct {
		const char *what;
		uint16_t flow;
		uint64_t sent_ms, heard_ms;
		bool believed;
	} rows[] = {
		{"the first", A, 1000, 0, false}, {"again for the same datagram", A, 1000, 0, false},
		{"before an answer could be there", A, 1399, 0, false}, {"of another flow", B, 1500, 0, false},
		{"the next datagram", A, 1500, 0, true}, {"and the next", A, 2500, 900, true},
		{"after an answer", A, 3500, 2600, false}, {"after an answer to that one too", A, 4500, 3500, false},
		{"and then none", A, 5500, 3500, true}, {"of an older one", A, 4500, 3500, false},
		{"the other flow, a minute later", B, 61500, 1499, true},
	};
	static struct doubts d;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sender_key flow = {.port = 5060, .own_port = rows[i].flow};
		check_row("eight bytes are quoted: %s", rows[i].what);
		check_true("believed", doubts_met_again(&d, &flow, rows[i].sent_ms * 1000000, rows[i].heard_ms * 1000000) == rows[i].believed);
	}
	check_row("how late an error may come");
	check_true("late", doubts_lately(1, 10000000001) && !doubts_lately(1, 10000000002) && doubts_lately(2, 1) && !doubts_lately(0, 1));
}

/* ---- new addresses ---- */

static void learn(struct lab *lab, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct address a = lab_v4(i);
		addr_insert(&lab->t, &a);
	}
}

static void new_addresses(void)
{
	struct lab lab;
	struct address a;
	uint64_t n = 0;
	uint32_t slot, cursor = 0;
	bool lost;
	lab_open(&lab, 1024);

	check_row("nothing is new in a new table");
	check_true("none", !addr_added_next(&lab.t, &n, &slot, &lost) && addr_added(&lab.t) == 0);

	check_row("new addresses come in order, once");
	learn(&lab, 1, 4);
	learn(&lab, 1, 4);
	for (unsigned i = 1; i < 4; i++) {
		const struct address want = lab_v4(i);
		check_true("there", addr_added_next(&lab.t, &n, &slot, &lost) && !lost);
		check_true("it", addr_in_slot(&lab.t, slot, &a) && address_equal(&a, &want));
	}
	check_true("no more", !addr_added_next(&lab.t, &n, &slot, &lost));

	check_row("who is too slow is told, and is behind the last");
	learn(&lab, 4, 4 + ADDED_KEPT + 1);
	check_true("lost", addr_added_next(&lab.t, &n, &slot, &lost) && lost);
	check_true("no more", !addr_added_next(&lab.t, &n, &slot, &lost));

	check_row("a walk finds all");
	unsigned count = 0;
	while (addr_next(&lab.t, &cursor, &a))
		count++;
	check_number("addresses", ADDED_KEPT + 4, count);

	check_row("a hostile list is one that was lost");
	put64(&lab.t.header->added_next, n + 1);
	check_true("lost", addr_added_next(&lab.t, &n, &slot, &lost) && lost);
	put64(&lab.t.header->added_next, 3);
	check_true("lost", addr_added_next(&lab.t, &n, &slot, &lost) && lost && n == 3);
	check_true("a slot that is none", !addr_in_slot(&lab.t, UINT32_MAX, &a));
	lab_close(&lab);
}

/* ---- told twice ---- */

static uint16_t failures(const struct lab *lab, const struct endpoint *e)
{
	const struct addr_record *a = addr_at(&lab->t, addr_find(&lab->t, &e->addr));
	int slot = a ? endpoint_find(a, e->transport, e->port) : -1;
	return slot < 0 ? 0 : health_unpack(get64(&a->endpoints[slot].health)).failures;
}

static void told_twice(void)
{
	struct lab lab;
	struct name_ref ref;
	const struct name name = lab_name("twice.test");
	const struct address pool[] = {lab_v4(1), lab_v4(2)};
	struct outcome o = {.endpoint = {pool[0], 5060, TRANSPORT_TCP}, .reach = REACH_SHIM, .socket = 77, .since = 1000};
	lab_open(&lab, 64);
	lab_lookup(&lab.t, &name, pool, 2, &ref);

	check_row("one failure, told by both");
	check_true("first", lab_failed(&lab.t, &o, CAUSE_REFUSED));
	o.since++;			/* their clocks differ by a tick */
	check_true("second", lab_failed(&lab.t, &o, CAUSE_REFUSED));
	check_number("failures", 1, failures(&lab, &o.endpoint));

	check_row("the same socket's next attempt is another");
	o.since += SAME_TICKS + 1;
	lab_failed(&lab.t, &o, CAUSE_REFUSED);
	check_number("failures", 2, failures(&lab, &o.endpoint));

	check_row("another socket's is another");
	o.socket++;
	lab_failed(&lab.t, &o, CAUSE_REFUSED);
	check_number("failures", 3, failures(&lab, &o.endpoint));

	check_row("without a socket each counts");
	o.socket = 0;
	lab_failed(&lab.t, &o, CAUSE_REFUSED);
	lab_failed(&lab.t, &o, CAUSE_REFUSED);
	check_number("failures", 5, failures(&lab, &o.endpoint));

	check_row("a reset that is told late does not doubt what was confirmed since");
	const struct name other = lab_name("reset.test");
	const struct address one = lab_v4(5);
	lab_lookup(&lab.t, &other, &one, 1, &ref);
	const struct outcome works = {.endpoint = {one, 5060, TRANSPORT_TCP}, .reach = REACH_SHIM, .why = CAUSE_ANSWERED};
	const struct outcome breaks = {.endpoint = works.endpoint, .reach = REACH_SHIM, .socket = 99};
	lab_succeeded(&lab.t, &works);
	lab_reset(&lab.t, &breaks);
	check_true("in doubt", !pin_unpack(get64(&name_hot(&lab.t, ref)->pin[FAMILY_V4])).confirmed);
	lab_succeeded(&lab.t, &works);
	struct pin before = pin_unpack(get64(&name_hot(&lab.t, ref)->pin[FAMILY_V4]));
	lab_reset(&lab.t, &breaks);
	struct pin after = pin_unpack(get64(&name_hot(&lab.t, ref)->pin[FAMILY_V4]));
	check_true("confirmed before", before.confirmed);
	check_true("confirmed after", after.confirmed);
	lab_close(&lab);
}

int main(void)
{
	findings();
	icmp();
	icmpv6();
	quotes();
	met_again();
	new_addresses();
	told_twice();
	return check_done();
}
