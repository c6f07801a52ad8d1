/* sip-evidence.c: what silence, statuses and methods prove. */
#include "policy/rules/sip-evidence.h"
#include "policy/wire/sip-transactions.h"
#include "tests/unit/check.h"
#include "tests/unit/servers.h"

#include <stdlib.h>

static struct transactions memory;

/* ---- what proves a failure ---- */

#define USUAL_SILENCE PAIR(4, 7400)

static void silence(void)
{
	static const struct {
		const char *rule;
		enum sip_method method;
		unsigned sends;
		uint64_t age_ms;
		bool heard, failed;
		uint64_t silence;
	} rows[] = {
		{"the fifth send of a REGISTER", SIP_REGISTER, 4, 7500, false, true, USUAL_SILENCE},
		{"of an INVITE", SIP_INVITE, 4, 7500, false, true, USUAL_SILENCE},
		{"a little early, for clocks of 16 ticks", SIP_REGISTER, 4, 7400, false, true, USUAL_SILENCE},
		{"too early", SIP_REGISTER, 4, 7399, false, false, USUAL_SILENCE},
		{"three sends in any time", SIP_REGISTER, 3, 60000, false, false, USUAL_SILENCE},
		{"many sends in a hurry", SIP_INVITE, 200, 1000, false, false, USUAL_SILENCE},
		{"heard by any process", SIP_REGISTER, 9, 20000, true, false, USUAL_SILENCE},
		{"OPTIONS (RFC 4320 4.1)", SIP_OPTIONS, 9, 20000, false, false, USUAL_SILENCE},
		{"MESSAGE", SIP_MESSAGE, 9, 20000, false, false, USUAL_SILENCE},
		{"SUBSCRIBE", SIP_SUBSCRIBE, 9, 20000, false, false, USUAL_SILENCE},
		{"NOTIFY", SIP_NOTIFY, 9, 20000, false, false, USUAL_SILENCE},
		{"PUBLISH", SIP_PUBLISH, 9, 20000, false, false, USUAL_SILENCE},
		{"BYE", SIP_BYE, 9, 20000, false, false, USUAL_SILENCE},
		{"CANCEL", SIP_CANCEL, 9, 20000, false, false, USUAL_SILENCE},
		{"ACK has no answer", SIP_ACK, 9, 20000, false, false, USUAL_SILENCE},
		{"another method", SIP_OTHER, 9, 20000, false, false, USUAL_SILENCE},
		{"none", SIP_NONE, 9, 20000, false, false, USUAL_SILENCE},
		{"{3, 3.4s}: the fourth send", SIP_REGISTER, 3, 3500, false, true, PAIR(3, 3400)},
		{"{3, 3.4s}: the third send", SIP_REGISTER, 2, 3500, false, false, PAIR(3, 3400)},
		{"{3, 3.4s}: too early", SIP_REGISTER, 3, 3399, false, false, PAIR(3, 3400)},
		{"{3, 3.4s}: heard", SIP_REGISTER, 3, 3500, true, false, PAIR(3, 3400)},
		{"{7, 31s}: the fifth send", SIP_REGISTER, 4, 7500, false, false, PAIR(7, 31000)},
		{"{7, 31s}: the eighth", SIP_INVITE, 7, 31500, false, true, PAIR(7, 31000)},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("silence: %s", rows[i].rule);
		check_number("failed", rows[i].failed,
			     silence_proves(rows[i].method, rows[i].sends, rows[i].age_ms, rows[i].heard,
					    rows[i].silence));
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
		    silence_proves(SIP_REGISTER, x.sends, tx_age_ms(&x, due[i]), false, USUAL_SILENCE))
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
			 silence_proves(SIP_REGISTER, x.sends, tx_age_ms(&x, due[i]), false, USUAL_SILENCE);
		tx_sent(&memory, 1, SIP_REGISTER, &e, due[i]);
		if (due[i] == 500)
			tx_anew(&memory, 1, SIP_REGISTER, due[i]);
	}
	check_true("silent then", silent);
}

static void statuses(void)
{
#define USUAL {STATUSES_OF_SERVERS, 300}
	enum { N = STATUS_NOTHING, S = STATUS_SUCCESS, F = STATUS_FAILED };
	static const struct {
		enum sip_method method;
		unsigned status;
		int64_t retry_after;
		uint64_t ok_ms;
		unsigned effect;	/* enum status_effect */
		uint32_t cool;
		struct status_rules rules;
	} rows[] = {
		{SIP_REGISTER, 200, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 301, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 401, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 407, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 403, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 423, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 100, SIP_ABSENT, UINT64_MAX, N, 0, USUAL},
		{SIP_REGISTER, 503, SIP_ABSENT, UINT64_MAX, F, COOL_BY_HISTORY, USUAL},
		{SIP_REGISTER, 503, SIP_BAD, UINT64_MAX, F, COOL_BY_HISTORY, USUAL},
		{SIP_REGISTER, 503, 0, UINT64_MAX, F, COOL_BY_HISTORY, USUAL},
		{SIP_REGISTER, 503, 17, UINT64_MAX, F, 17, USUAL},
		{SIP_REGISTER, 503, 300, UINT64_MAX, F, 300, USUAL},
		{SIP_REGISTER, 503, 4294967295, UINT64_MAX, F, 300, USUAL},
		{SIP_REGISTER, 503, SIP_ABSENT, 1, F, COOL_BY_HISTORY, USUAL},
		{SIP_REGISTER, 408, SIP_ABSENT, UINT64_MAX, F, COOL_NOT, USUAL},
		{SIP_REGISTER, 480, SIP_ABSENT, UINT64_MAX, F, COOL_NOT, USUAL},
		{SIP_REGISTER, 500, 5, UINT64_MAX, F, COOL_NOT, USUAL},
		{SIP_REGISTER, 504, SIP_ABSENT, 60001, F, COOL_NOT, USUAL},
		{SIP_REGISTER, 504, SIP_ABSENT, 60000, N, 0, USUAL},
		{SIP_REGISTER, 599, SIP_ABSENT, UINT64_MAX, F, COOL_NOT, USUAL},
		{SIP_REGISTER, 501, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 505, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 513, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 603, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 699, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_INVITE, 100, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_INVITE, 408, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_INVITE, 486, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_INVITE, 500, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_INVITE, 503, SIP_ABSENT, UINT64_MAX, N, 0, USUAL},
		{SIP_INVITE, 503, 0, UINT64_MAX, N, 0, USUAL},
		{SIP_INVITE, 503, 60, UINT64_MAX, F, 60, USUAL},
		{SIP_OPTIONS, 503, 3600, UINT64_MAX, F, 300, USUAL},
		{SIP_OPTIONS, 405, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_OTHER, 501, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_CANCEL, 200, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_ACK, 503, 60, UINT64_MAX, N, 0, USUAL},
		{SIP_NONE, 503, 60, UINT64_MAX, N, 0, USUAL},
		{SIP_REGISTER, 0, SIP_ABSENT, UINT64_MAX, N, 0, USUAL},
		{SIP_REGISTER, 700, SIP_ABSENT, UINT64_MAX, N, 0, USUAL},
		{SIP_REGISTER, 555, SIP_ABSENT, UINT64_MAX, S, 0, USUAL},
		{SIP_REGISTER, 404, SIP_ABSENT, UINT64_MAX, F, COOL_NOT, {STATUS_BIT(404), 300}},
		{SIP_REGISTER, 404, SIP_ABSENT, 60000, N, 0, {STATUS_BIT(404), 300}},
		{SIP_REGISTER, 403, SIP_ABSENT, UINT64_MAX, S, 0, {STATUS_BIT(404), 300}},
		{SIP_REGISTER, 500, SIP_ABSENT, UINT64_MAX, S, 0, {STATUS_BIT(404), 300}},
		{SIP_REGISTER, 599, SIP_ABSENT, UINT64_MAX, S, 0, {STATUS_BIT(503), 300}},
		{SIP_REGISTER, 599, SIP_ABSENT, UINT64_MAX, F, COOL_NOT, {STATUS_BIT(500), 300}},
		{SIP_REGISTER, 503, 60, UINT64_MAX, S, 0, {STATUS_BIT(500), 300}},
		{SIP_REGISTER, 401, SIP_ABSENT, UINT64_MAX, S, 0, {UINT64_MAX, 300}},
		{SIP_REGISTER, 603, SIP_ABSENT, UINT64_MAX, F, COOL_NOT, {UINT64_MAX, 300}},
		{SIP_INVITE, 503, SIP_ABSENT, UINT64_MAX, S, 0, {STATUS_BIT(500), 300}},
		{SIP_INVITE, 404, SIP_ABSENT, UINT64_MAX, S, 0, {STATUS_BIT(404), 300}},
		{SIP_INVITE, 503, 3600, UINT64_MAX, F, 3600, {STATUS_BIT(503), 3600}},
		{SIP_INVITE, 503, 60, UINT64_MAX, F, COOL_BY_HISTORY, {STATUS_BIT(503), 0}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct status_proof v = status_proves(rows[i].method, rows[i].status, rows[i].retry_after, rows[i].ok_ms,
						      rows[i].rules);
		check_row("status: %u to %s, Retry-After %lld", rows[i].status, sip_method_text(rows[i].method),
			  (long long)rows[i].retry_after);
		check_number("effect", rows[i].effect, v.effect);
		check_number("cool-off", rows[i].cool, v.cool);
		check_number("cause", v.effect != STATUS_FAILED ? CAUSE_NONE : rows[i].status == 503 ? CAUSE_SIP_503 : CAUSE_SIP_STATUS,
			     v.cause);
		check_true("what fails may fail", v.effect != STATUS_FAILED || status_may_fail(rows[i].status));
	}
}

/* ---- connections that may be closed ---- */

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
	silence();
	silence_after_move();
	silence_anew();
	statuses();
	alone();
	return check_done();
}
