/*
 * sip-evidence.c: what the memory of requests keeps, and what silence, statuses and methods prove.
 *
 * A script is a row of steps, each with milliseconds to let pass before it: `s` a
 * send, `r` an answer and its status, `i` an ICMP error that quotes too little, `e` one that came before its request was noted, `o` where a CANCEL or ACK goes. The letter is
 * followed by the server, a to d.
 */
#include "policy/rules/sip-evidence.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static struct transactions memory;

static struct endpoint server(char letter)
{
	struct endpoint e = {.port = 5060, .transport = TRANSPORT_UDP};
	char text[ADDRESS_TEXT];
	snprintf(text, sizeof text, "192.0.2.%d", letter - 'a' + 1);
	if (!address_parse(text, &e.addr))
		abort();
	return e;
}

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
			snprintf(out, sizeof out, "%u sends in %u, %c to %c%s%s", x.sends, (unsigned)tx_age_ms(&x, now),
				 letter_of(&x.first), letter_of(&x.last), x.moved ? ", moved" : "", x.early ? ", early" : "");
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
		{"another server: counted anew", SIP_REGISTER, "0sa 500sa 1000sb 2000sb", "2 sends in 2000, a to b, moved"},
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

/* ---- verdicts ---- */

static void silence(void)
{
	static const struct {
		const char *rule;
		enum sip_method method;
		unsigned sends;
		uint64_t age_ms;
		bool heard, failed;
	} rows[] = {
		{"the fifth send of a REGISTER", SIP_REGISTER, 4, 7500, false, true},
		{"of an INVITE", SIP_INVITE, 4, 7500, false, true},
		{"a little early, for clocks of 16 ticks", SIP_REGISTER, 4, 7400, false, true},
		{"too early", SIP_REGISTER, 4, 7399, false, false},
		{"three sends in any time", SIP_REGISTER, 3, 60000, false, false},
		{"many sends in a hurry", SIP_INVITE, 200, 1000, false, false},
		{"heard by any process", SIP_REGISTER, 9, 20000, true, false},
		{"OPTIONS (RFC 4320 4.1)", SIP_OPTIONS, 9, 20000, false, false},
		{"MESSAGE", SIP_MESSAGE, 9, 20000, false, false},
		{"SUBSCRIBE", SIP_SUBSCRIBE, 9, 20000, false, false},
		{"NOTIFY", SIP_NOTIFY, 9, 20000, false, false},
		{"PUBLISH", SIP_PUBLISH, 9, 20000, false, false},
		{"BYE", SIP_BYE, 9, 20000, false, false},
		{"CANCEL", SIP_CANCEL, 9, 20000, false, false},
		{"ACK has no answer", SIP_ACK, 9, 20000, false, false},
		{"another method", SIP_OTHER, 9, 20000, false, false},
		{"none", SIP_NONE, 9, 20000, false, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("silence: %s", rows[i].rule);
		check_number("failed", rows[i].failed,
			     silence_proves(rows[i].method, rows[i].sends, rows[i].age_ms, rows[i].heard));
	}
}

/* After a move the new server gets its own four sends before silence speaks against it. */
static void silence_after_move(void)
{
	static const unsigned due[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
	char where = 'a', path[16] = "";
	memset(&memory, 0, sizeof memory);
	check_row("silence: a REGISTER through Timer E, all servers dead");
	for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
		struct tx x;
		if (tx_find(&memory, 1, SIP_REGISTER, due[i], &x) &&
		    silence_proves(SIP_REGISTER, x.sends, tx_age_ms(&x, due[i]), false))
			where++;
		struct endpoint e = server(where);
		tx_sent(&memory, 1, SIP_REGISTER, &e, due[i]);
		path[i] = where;
	}
	check_text("the servers asked", "aaaabbbbccc", path);
}

/* The server was heard of by another's request after 0.1 s: its silence begins with the second send. */
static void silence_anew(void)
{
	static const unsigned due[] = {0, 500, 1500, 3500, 7500, 11500};
	const struct endpoint e = server('a');
	bool silent = false;
	memset(&memory, 0, sizeof memory);
	check_row("silence: a REGISTER that was sent before the last answer");
	for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
		struct tx x;
		check_true("not before 11.5 s", !silent);
		silent = tx_find(&memory, 1, SIP_REGISTER, due[i], &x) &&
			 silence_proves(SIP_REGISTER, x.sends, tx_age_ms(&x, due[i]), false);
		tx_sent(&memory, 1, SIP_REGISTER, &e, due[i]);
		if (due[i] == 500)
			tx_anew(&memory, 1, SIP_REGISTER, due[i]);
	}
	check_true("silent then", silent);
}

static void statuses(void)
{
	enum { N = STATUS_NOTHING, S = STATUS_SUCCESS, F = STATUS_FAILED, L = STATUS_LAST_ONCE };
	static const struct {
		enum sip_method method;
		unsigned status;
		int64_t retry_after;
		uint64_t ok_ms;
		unsigned effect;	/* enum status_effect */
		uint32_t cool_s;
	} rows[] = {
		{SIP_REGISTER, 200, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 301, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 401, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 407, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 403, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 423, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 100, SIP_ABSENT, UINT64_MAX, N, 0},
		{SIP_REGISTER, 503, SIP_ABSENT, UINT64_MAX, F, 0},
		{SIP_REGISTER, 503, SIP_BAD, UINT64_MAX, F, 0},
		{SIP_REGISTER, 503, 0, UINT64_MAX, F, 0},
		{SIP_REGISTER, 503, 17, UINT64_MAX, F, 17},
		{SIP_REGISTER, 503, 300, UINT64_MAX, F, 300},
		{SIP_REGISTER, 503, 4294967295, UINT64_MAX, F, 300},
		{SIP_REGISTER, 503, SIP_ABSENT, 1, F, 0},
		{SIP_REGISTER, 408, SIP_ABSENT, UINT64_MAX, L, 0},
		{SIP_REGISTER, 480, SIP_ABSENT, UINT64_MAX, L, 0},
		{SIP_REGISTER, 500, 5, UINT64_MAX, L, 0},
		{SIP_REGISTER, 504, SIP_ABSENT, 60001, L, 0},
		{SIP_REGISTER, 504, SIP_ABSENT, 60000, N, 0},
		{SIP_REGISTER, 599, SIP_ABSENT, UINT64_MAX, L, 0},
		{SIP_REGISTER, 501, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 505, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 513, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 603, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_REGISTER, 699, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_INVITE, 100, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_INVITE, 408, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_INVITE, 486, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_INVITE, 500, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_INVITE, 503, SIP_ABSENT, UINT64_MAX, N, 0},
		{SIP_INVITE, 503, 0, UINT64_MAX, N, 0},
		{SIP_INVITE, 503, 60, UINT64_MAX, F, 60},
		{SIP_OPTIONS, 503, 3600, UINT64_MAX, F, 300},
		{SIP_OPTIONS, 405, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_OTHER, 501, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_CANCEL, 200, SIP_ABSENT, UINT64_MAX, S, 0},
		{SIP_ACK, 503, 60, UINT64_MAX, N, 0},
		{SIP_NONE, 503, 60, UINT64_MAX, N, 0},
		{SIP_REGISTER, 0, SIP_ABSENT, UINT64_MAX, N, 0},
		{SIP_REGISTER, 700, SIP_ABSENT, UINT64_MAX, N, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct status_proof v = status_proves(rows[i].method, rows[i].status, rows[i].retry_after, rows[i].ok_ms);
		check_row("status: %u to %s, Retry-After %lld", rows[i].status, sip_method_text(rows[i].method),
			  (long long)rows[i].retry_after);
		check_number("effect", rows[i].effect, v.effect);
		check_number("cool-off", rows[i].cool_s, v.cool_s);
	}
}

/* ---- connections that may be closed ---- */

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

static void alone(void)
{
	static const struct {
		enum sip_method method;
		uint16_t status;
		enum sip_to to;
		bool alone;
	} rows[] = {
		{SIP_REGISTER, 0, SIP_TO_BARE, true},
		{SIP_OPTIONS, 0, SIP_TO_BARE, true},
		{SIP_REGISTER, 200, SIP_TO_TAGGED, true},
		{SIP_OPTIONS, 200, SIP_TO_TAGGED, true},
		{SIP_OPTIONS, 0, SIP_TO_TAGGED, false},
		{SIP_REGISTER, 0, SIP_TO_UNKNOWN, false},
		{SIP_INVITE, 0, SIP_TO_BARE, false},
		{SIP_INVITE, 100, SIP_TO_BARE, false},
		{SIP_ACK, 0, SIP_TO_TAGGED, false},
		{SIP_BYE, 200, SIP_TO_TAGGED, false},
		{SIP_SUBSCRIBE, 0, SIP_TO_BARE, false},
		{SIP_NOTIFY, 0, SIP_TO_TAGGED, false},
		{SIP_MESSAGE, 0, SIP_TO_BARE, false},
		{SIP_OTHER, 0, SIP_TO_BARE, false},
		{SIP_NONE, 200, SIP_TO_TAGGED, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sip_message m = {.method = (uint8_t)rows[i].method, .status = rows[i].status,
					      .to = (uint8_t)rows[i].to};
		check_row("alone: %s, status %u, To %d", sip_method_text(m.method), m.status, m.to);
		check_number("alone", rows[i].alone, stands_alone(&m));
	}
}

int main(void)
{
	scripts();
	identity();
	eviction();
	many();
	silence();
	silence_after_move();
	silence_anew();
	statuses();
	waits();
	alone();
	return check_done();
}
