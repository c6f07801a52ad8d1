/*
 * sip-transactions.c: what the memory of requests keeps.
 *
 * A script is a row of steps, each with milliseconds to let pass before it: `s` a send, `r` an answer and its status,
 * `i` an ICMP error that quotes too little, `e` an answer that came before its request was noted, `o` where a CANCEL or
 * ACK goes. The letter is followed by the server, a to d.
 */
#include "policy/wire/sip-transactions.h"
#include "tests/unit/check.h"
#include "tests/unit/servers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static struct transactions memory;

static char letter_of(const struct endpoint *e) { return (char)('a' + e->addr.bytes[15] - 1); }

/* ---- scripts ---- */

static const char *play(enum sip_method method, const char *steps)
{
	static char out[64];
	const uint64_t key = 0x1234567890abcdefu;
	uint64_t now = 1000000;
	memset(&memory, 0, sizeof memory);
	for (char *p = (char *)(uintptr_t)steps; *p;) {
		struct tx x = {0};
		now += strtoul(p, &p, 10);
		const char what = *p++;
		struct endpoint e = server(*p++);
		if (what == 's') {
			x = tx_sent(&memory, key, method, &e, now);
			snprintf(out, sizeof out, "%u sends in %u, %c to %c%s", x.sends, (unsigned)tx_age_ms(&x, now),
				 letter_of(&x.first), letter_of(&x.last), x.early ? ", early" : "");
		} else if (what == 'i') {
			snprintf(out, sizeof out, "%s", tx_erred_again(&memory, &e, now) ? "again" : "in doubt");
		} else if (what == 'e') {
			tx_early(&memory, key, method, &e, (unsigned)strtoul(p + 1, &p, 10), 17, now);
			snprintf(out, sizeof out, tx_find(&memory, key, method, now, &x) ? "known" : "unknown");
		} else if (what == 'r') {
			bool known = tx_match(&memory, key, method, &e, (unsigned)strtoul(p + 1, &p, 10), now, &x);
			snprintf(out, sizeof out, known ? "answers %u sends%s%s" : "stray", x.sends, x.answered ? ", provisional" : "",
				 x.finished ? ", final" : "");
		} else {
			bool known = tx_origin(&memory, key, now, &x);
			snprintf(out, sizeof out, known ? "goes to %c" : "unknown", letter_of(&x.last));
		}
		p += strspn(p, " ");
	}
	return out;
}

static void scripts(void)
{
	static const struct {
		const char *rule;
		enum sip_method method;
		const char *steps, *expected;
	} rows[] = {
		{"the first send", SIP_REGISTER, "0sa", "1 sends in 0, a to a"},
		{"sends are counted, time runs from the first", SIP_REGISTER, "0sa 500sa 1000sa 2000sa 4000sa", "5 sends in 7500, a to a"},
		{"another server: counted anew", SIP_REGISTER, "0sa 500sa 1000sb 2000sb", "2 sends in 2000, a to b"},
		{"and back", SIP_REGISTER, "0sa 500sb 1000sa", "1 sends in 0, a to a"},
		{"an answer from the server asked", SIP_REGISTER, "0sa 500sa 10ra/200", "answers 2 sends, final"},
		{"an answer from another server", SIP_REGISTER, "0sa 10rb/200", "stray"},
		{"a late answer from the first server", SIP_REGISTER, "0sa 500sb 10ra/503", "answers 1 sends, final"},
		{"an answer to nothing", SIP_REGISTER, "0ra/200", "stray"},
		{"an answer sent twice", SIP_INVITE, "0sa 10ra/486 500ra/486", "answers 1 sends, final"},
		{"a provisional after the final one", SIP_INVITE, "0sa 10ra/486 500ra/180", "answers 1 sends, final"},
		{"64 T1 and no answer", SIP_REGISTER, "0sa 32000ra/200", "answers 1 sends, final"},
		{"beyond 64 T1 and T2", SIP_REGISTER, "0sa 36001ra/200", "stray"},
		{"a new transaction after that", SIP_REGISTER, "0sa 36001sb", "1 sends in 0, b to b"},
		{"an INVITE rings for minutes", SIP_INVITE, "0sa 10ra/180 180000ra/200", "answers 1 sends, final"},
		{"but not for ever", SIP_INVITE, "0sa 10ra/180 600001ra/200", "stray"},
		{"only an INVITE does", SIP_REGISTER, "0sa 10ra/100 36001ra/200", "stray"},
		{"CANCEL follows the INVITE (9.1)", SIP_INVITE, "0sa 10ra/180 60000oc", "goes to a"},
		{"CANCEL follows it where it went last", SIP_INVITE, "0sa 500sb 10oc", "goes to b"},
		{"ACK to a failure does (17.1.1.3)", SIP_INVITE, "0sa 10ra/503 10oc", "goes to a"},
		{"ACK, when the failure comes again within Timer D", SIP_INVITE, "0sa 10ra/503 32000oc", "goes to a"},
		{"long after it does not", SIP_INVITE, "0sa 10ra/503 36001oc", "unknown"},
		{"a CANCEL is no origin", SIP_CANCEL, "0sa 10oc", "unknown"},
		{"ACK is not kept", SIP_ACK, "0sa 10oc", "unknown"},
		{"and counts as sent once", SIP_ACK, "0sa 10sa", "1 sends in 0, a to a"},
		{"an answer read before its request was noted", SIP_REGISTER, "0ea/503 1sa", "1 sends in 1, a to a, early"},
		{"is told of once", SIP_REGISTER, "0ea/503 1sa 500sa", "2 sends in 501, a to a"},
		{"and judged as any", SIP_REGISTER, "0ea/503 1sa 0ra/503", "answers 1 sends, final"},
		{"it is no request", SIP_REGISTER, "0ea/503", "unknown"},
		{"which could be answered", SIP_REGISTER, "0ea/503 0ra/503", "stray"},
		{"or cancelled", SIP_INVITE, "0ea/503 0oa", "unknown"},
		{"from another server than was asked", SIP_REGISTER, "0eb/503 1sa", "1 sends in 0, a to a"},
		{"an error that quotes too little", SIP_REGISTER, "0sa 10ia", "in doubt"},
		{"and the same again, of no other datagram", SIP_REGISTER, "0sa 10ia 10ia", "in doubt"},
		{"that the next datagram meets too", SIP_REGISTER, "0sa 10ia 500sa 10ia", "again"},
		{"of another server", SIP_REGISTER, "0sa 10ia 500sa 10ib", "in doubt"},
		{"of the next server", SIP_REGISTER, "0sa 10ia 500sb 10ib", "in doubt"},
		{"of a request that was answered", SIP_REGISTER, "0sa 10ia 500sa 5ra/401 10ia", "in doubt"},
		{"of a call that rings", SIP_INVITE, "0sa 10ia 500sa 5ra/180 10ia", "in doubt"},
		{"of none", SIP_REGISTER, "0ia 10ia", "in doubt"},
		{"a provisional one", SIP_REGISTER, "0ea/100 1sa", "1 sends in 0, a to a"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("memory, %s", rows[i].rule);
		check_text(rows[i].steps, rows[i].expected, play(rows[i].method, rows[i].steps));
	}
}

static void identity(void)
{
	struct endpoint a = server('a'), other = a;
	struct tx x;
	memset(&memory, 0, sizeof memory);
	tx_sent(&memory, 7, SIP_INVITE, &a, 1000);

	check_row("identity: INVITE and CANCEL of one key are two");
	check_number("sends of the CANCEL", 1, tx_sent(&memory, 7, SIP_CANCEL, &a, 1001).sends);
	check_true("INVITE", tx_find(&memory, 7, SIP_INVITE, 1002, &x) && x.sends == 1);
	check_true("CANCEL answered", tx_match(&memory, 7, SIP_CANCEL, &a, 200, 1003, &x));
	check_true("INVITE not finished by it", tx_find(&memory, 7, SIP_INVITE, 1004, &x) && !x.finished);
	check_true("origin", tx_origin(&memory, 7, 1005, &x) && letter_of(&x.last) == 'a');

	check_row("identity: port, transport and scope are part of the endpoint");
	other = a;
	other.port = 5061;
	check_true("port", !tx_match(&memory, 7, SIP_INVITE, &other, 200, 1006, &x));
	other = a;
	other.transport = TRANSPORT_TCP;
	check_true("transport", !tx_match(&memory, 7, SIP_INVITE, &other, 200, 1006, &x));
	other = a;
	other.addr.scope = 3;
	check_true("scope", !tx_match(&memory, 7, SIP_INVITE, &other, 200, 1006, &x));

	check_row("identity: key 0 is nothing");
	check_number("sends", 1, tx_sent(&memory, 0, SIP_INVITE, &a, 1007).sends);
	check_true("find", !tx_find(&memory, 0, SIP_INVITE, 1007, &x));
	check_true("match", !tx_match(&memory, 0, SIP_INVITE, &a, 200, 1007, &x));
	check_true("origin", !tx_origin(&memory, 0, 1007, &x));

	check_row("identity: 255 sends and more");
	for (int i = 0; i < 300; i++)
		x = tx_sent(&memory, 9, SIP_OPTIONS, &a, 2000);
	check_number("sends", 255, x.sends);

	check_row("a clock that stands behind");
	check_number("age", 0, tx_age_ms(&x, 1));
	check_true("found", tx_find(&memory, 9, SIP_OPTIONS, 1, &x));
}

static void eviction(void)
{
	struct endpoint a = server('a');
	struct tx x;
	const uint64_t set = UINT64_C(5) << 32;		/* all keys below meet in one set */
	memset(&memory, 0, sizeof memory);
	check_row("a full set forgets what was idle longest");
	for (uint64_t i = 1; i <= TX_WAYS; i++)
		tx_sent(&memory, set + i, SIP_INVITE, &a, 1000 * i);
	tx_match(&memory, set + 1, SIP_INVITE, &a, 100, 9000, &x);
	tx_sent(&memory, set + 99, SIP_INVITE, &a, 9001);
	check_true("the active one", tx_find(&memory, set + 1, SIP_INVITE, 9002, &x));
	check_true("the idle one", !tx_find(&memory, set + 2, SIP_INVITE, 9002, &x));
	check_true("the next", tx_find(&memory, set + 3, SIP_INVITE, 9002, &x));
	check_true("the new one", tx_find(&memory, set + 99, SIP_INVITE, 9002, &x));

	memset(&memory, 0, sizeof memory);
	check_row("and before that what is finished, or was sent less often");
	for (uint64_t i = 1; i <= TX_WAYS; i++)
		tx_sent(&memory, set + i, SIP_REGISTER, &a, 1000 * i);
	tx_sent(&memory, set + 1, SIP_REGISTER, &a, 1500);
	tx_match(&memory, set + 4, SIP_REGISTER, &a, 200, 4100, &x);
	tx_sent(&memory, set + 98, SIP_REGISTER, &a, 5000);
	tx_sent(&memory, set + 99, SIP_REGISTER, &a, 5001);
	check_true("the one that waits and was sent twice", tx_find(&memory, set + 1, SIP_REGISTER, 5002, &x));
	check_true("the finished one", !tx_find(&memory, set + 4, SIP_REGISTER, 5002, &x));
	check_true("the one sent once", !tx_find(&memory, set + 2, SIP_REGISTER, 5002, &x));
	check_true("the new one", tx_find(&memory, set + 99, SIP_REGISTER, 5002, &x));

	memset(&memory, 0, sizeof memory);
	for (uint64_t i = 1; i <= TX_WAYS; i++)
		tx_sent(&memory, set + i, SIP_INVITE, &a, 9000);
	check_row("a torn record is absent, and its slot is free");
	for (size_t w = 0; w < TX_WORDS; w++)
		for (int i = 0; i < TX_WAYS; i++)
			put64(&memory.slot[0][i].word[w], get64(&memory.slot[0][i].word[w]) ^ (w == 3 ? 1 : 0));
	check_true("absent", !tx_find(&memory, set + 1, SIP_INVITE, 9003, &x));
	check_number("sends", 1, tx_sent(&memory, set + 1, SIP_INVITE, &a, 9004).sends);
	check_true("found", tx_find(&memory, set + 1, SIP_INVITE, 9005, &x));
}

/* ---- many at once ---- */

enum { THREADS = 4, ROUNDS = 200000, KEYS = 6 };

static _Atomic unsigned mixed;
static _Atomic bool ready;

/* The record of key k always goes to the server of port 1000 + k, so a mixed one shows. */
static void use_memory(uint64_t key, uint64_t now)
{
	struct endpoint e = server('a');
	struct tx x = {0};
	e.port = (uint16_t)(1000 + key);
	e.addr.bytes[15] = (uint8_t)key;
	x = tx_sent(&memory, key, SIP_INVITE, &e, now);
	if (x.first.port != e.port || x.last.addr.bytes[15] != key)
		mixed++;
	if (tx_find(&memory, key, SIP_INVITE, now, &x) && (x.key != key || x.first.port != e.port || x.last.addr.bytes[15] != key))
		mixed++;
	if (tx_match(&memory, key, SIP_INVITE, &e, 180, now, &x) && x.last.port != e.port)
		mixed++;
}

static void on_alarm(int sig)
{
	(void)sig;
	if (ready)
		use_memory(2, 1000);
}

static void *hammer(void *seed)
{
	uint64_t r = (uint64_t)(uintptr_t)seed;
	for (int i = 0; i < ROUNDS; i++) {
		r = r * 6364136223846793005u + 1442695040888963407u;
		use_memory(1 + (r >> 33) % KEYS, 1000 + (uint64_t)i / 1000);
	}
	return NULL;
}

static void many(void)
{
	pthread_t thread[THREADS];
	struct itimerval often = {{0, 200}, {0, 200}}, never = {0};
	memset(&memory, 0, sizeof memory);
	check_row("threads and a signal handler in one set: nothing is mixed");
	signal(SIGALRM, on_alarm);
	ready = true;
	setitimer(ITIMER_REAL, &often, NULL);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, hammer, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	check_number("mixed records", 0, mixed);
	check_row("and the memory still serves");
	use_memory(3, 5000);
	struct tx x;
	check_true("found", tx_find(&memory, 3, SIP_INVITE, 5000, &x));
}

/* ---- who waits ---- */

static void waits(void)
{
	static const struct {
		const char *what;
		uint64_t after_ms;	/* of the last step */
		enum sip_method method;
		unsigned status;	/* 0: none came */
		char original;
		bool waits;
	} rows[] = {
		{"no answer", 0, SIP_REGISTER, 0, 'a', true},
		{"another server", 0, SIP_REGISTER, 0, 'b', false},
		{"provisional", 0, SIP_REGISTER, 100, 'a', true},
		{"final", 0, SIP_REGISTER, 503, 'a', false},
		{"given up by Timer F", TX_KEEP_MS + 1, SIP_OPTIONS, 0, 'a', false},
		{"ringing", TX_KEEP_MS + 1, SIP_INVITE, 180, 'a', true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct endpoint a = server('a'), e = server(rows[i].original);
		struct tx x;
		memset(&memory, 0, sizeof memory);
		tx_sent(&memory, 7, rows[i].method, &a, 1000);
		if (rows[i].status)
			tx_match(&memory, 7, rows[i].method, &a, rows[i].status, 1000, &x);
		check_row("waits: %s", rows[i].what);
		check_number("waits", rows[i].waits, tx_waits(&memory, &e, 1000 + rows[i].after_ms));
	}
	const struct endpoint a = server('a');
	memset(&memory, 0, sizeof memory);
	tx_early(&memory, 7, SIP_REGISTER, &a, 503, SIP_ABSENT, 1000);
	tx_sent(&memory, 7, SIP_REGISTER, &a, 1001);
	check_row("waits: answered before it was noted");
	check_number("waits", false, tx_waits(&memory, &a, 1001));
}

int main(void)
{
	scripts();
	identity();
	eviction();
	many();
	waits();
	return check_done();
}
