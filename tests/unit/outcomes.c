/*
 * outcomes.c: failures and successes over a real table: which pins move, which
 * are confirmed, and what every other name and process then gets.
 */
#include "tests/unit/script.h"

static const struct script_row confirm[] = {
	{"a lookup alone is tentative", "ask a 1,2,3 -> 1,2,3; pin a -> 1 tentative"},
	{"a success confirms", "ask a 1,2; ok a 1 5060t -> known; pin a -> 1 confirmed 5060t"},
	{"a connect confirms nothing on ports of SIP", "ask a 1,2; ok a 1 5060t connected -> known; pin a -> 1 tentative; ok a 1 5061t connected;"
						       "pin a -> 1 tentative; ok a 2 5060t connected; pin a -> 1 tentative"},
	{"on others it does", "ask a 1,2; ok a 1 443t connected; pin a -> 1 confirmed 443t"},
	{"the latest endpoint is shown", "ask a 1,2; ok a 1 5060t; ok a 1 5061t; pin a -> 1 confirmed 5061t"},
	{"over UDP", "ask a 1,2; ok a 1 5060u; pin a -> 1 confirmed 5060u"},
	{"by a process that looked nothing up", "ask a 1,2; ok * 1 5060t; pin a -> 1 confirmed 5060t"},
	{"elsewhere moves a tentative pin", "ask a 1,2; ok a 2 5060t; pin a -> 2 confirmed 5060t; ask a 1,2 -> 2,1"},
	{"elsewhere, of a process that looked nothing up, moves nothing", "ask a 1,2; ok * 2 5060t; pin a -> 1 tentative"},
	{"elsewhere, of an attempt that is older than the pin, moves nothing",
	 "ask a 1,2; ok a 1 5060t; wait 2; fail a 1 5060t; late a 1 5060u; pin a -> 2 tentative; wait 2; late a 1 5060u; "
	 "pin a -> 1 confirmed 5060u"},
	{"elsewhere never moves a confirmed one", "ask a 1,2; ok a 1 5060t; ok a 2 5060t; pin a -> 1 confirmed 5060t"},
	{"of an address that no name holds", "ask a 1,2; ok a 9 5060t -> unknown; pin a -> 1 tentative"},
	{"of another name's address", "ask a 1,2; ask b 3,4; ok a 4 5060t; pin a -> 1 tentative; pin b -> 3 tentative"},
	{"no fail-back", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; ok a 2 5060t; wait 400; ok * 1 5060t;"
			 "ask a 1,2 -> 2,1; pin a -> 2 confirmed 5060t"},
	{"the steady state writes no events", "ask a 1,2; ok a 1 5060t; events; ask a 2,1; ok a 1 5060t; wait 60;"
					      "ask a 1,2; ok a 1 5060t; events -> "},
	{"an explicit pin is confirmed and stays explicit", "ask a 1,2; set a 9; ok a 9 5060t; pin a -> 9 explicit 5060t"},
	{"each family for itself", "ask a 1,2,v1,v2; ok a v1 5060t; pin a -> 1 tentative, v1 confirmed 5060t"},
};

static const struct script_row failure[] = {
	{"moves a tentative pin", "ask a 1,2,3; fail a 1 5060t -> known; pin a -> 2 tentative; ask a 1,2,3 -> 2,3,1"},
	{"moves a confirmed pin", "ask a 1,2,3; ok a 1 5060t; fail a 1 5060t; pin a -> 2 tentative; ask a 3,2,1 -> 2,3,1"},
	{"of port 443 moves nothing confirmed on 5060", "ask a 1,2; ok a 1 5060t; fail a 1 443t; pin a -> 1 confirmed 5060t;"
							"ask a 2,1 -> 1,2; ask a:5060t 2,1 -> 1,2; cool 1 443t -> 24..36"},
	{"of port 443 counts for who asks for it", "ask a 1,2; ok a 1 5060t; fail a 1 443t; ask a:443t 1,2 -> 2,1; ask a 1,2 -> 1,2"},
	{"over TCP moves nothing confirmed on UDP", "ask a 1,2; ok a 1 5060u; fail a 1 5060t; pin a -> 1 confirmed 5060u; ask a 2,1 -> 1,2"},
	{"of any endpoint on which the name succeeded", "ask a 1,2; ok a 1 443t; ok a 1 5060t; fail a 1 443t; pin a -> 2 tentative"},
	{"of port 443 moves a tentative one", "ask a 1,2; fail a 1 443t; pin a -> 2 tentative"},
	{"elsewhere moves nothing", "ask a 1,2,3; fail a 3 5060t; pin a -> 1 tentative; ask a 3,2,1 -> 1,2,3"},
	{"by timeout", "ask a 1,2; fail a 1 5060t ETIMEDOUT; ask a 1,2 -> 2,1"},
	{"by a process that looked nothing up", "ask a 1,2; ask b 1,3; fail * 1 5060t; pin a -> 2 tentative; pin b -> 3 tentative"},
	{"counts for the names looked up; the next lookup moves the others",
	 "ask a 1,2; ask b 1,3; fail a 1 5060t; pin a -> 2 tentative; pin b -> 1 tentative failed; ask b 1,3 -> 3,1; pin b -> 3 tentative"},
	{"never moves an explicit pin", "ask a 1,2; set a 1; fail a 1 5060t; pin a -> 1 explicit; ask a 2,1 -> 1,2"},
	{"a second one moves on", "ask a 1,2,3; fail a 1 5060t; wait 20; fail a 2 5060t; ask a 2,1,3 -> 3,1,2"},
	{"between lookup and success is not lost", "ask a 1,2; ok a 1 5060t; ok a 1 443t; fail * 1 443t; ask a 1,2 -> 2,1"},
	{"of an address that no name holds", "ask a 1,2; fail a 9 5060t -> unknown"},
	{"of one family leaves the other", "ask a 1,2,v1,v2; fail a 1 5060t; pin a -> 2 tentative, v1 tentative"},
	{"events", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; ok a 2 5060t; wait 1; ok * 1 5060t;"
		   "events -> pinned 1, confirmed 1, failed 1, moved 2, confirmed 2, recovered 1"},
	{"a second while it cools writes no event", "ask a 1,2; fail a 1 5060t; events; fail a 1 5060t; events -> "},
};

static const struct script_row cooling[] = {
	{"24 to 36 s", "ask a 1,2; fail a 1 5060t; cool 1 5060t -> 24..36; wait 23; cool 1 5060t -> 1..13; wait 14; cool 1 5060t -> due"},
	{"one that cools is captured by nobody", "ask a 1,2; fail a 1 5060t; ask b 1,2 -> 2,1; pin b -> 2 tentative"},
	{"those that cool go last, soonest first", "ask a 4,1,2,3; ask b 1,2; fail b 1 5060t; wait 20; fail b 2 5060t; ask a 1,2,3,4 -> 4,3,1,2"},
	{"after it, one caller of all tries", "ask a 1; fail * 1 5060t; wait 40; ask b 2,1; fail b 2 5060t;"
					      "ask b 2,1 -> 1,2; ask b 2,1 -> 2,1; ask c 1,3 -> 3,1; cool 1 5060t -> 30"},
	{"the right to try lapses after 30 s", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; fail a 2 5060t; wait 37; ask a:5060t 1,2 -> 1,2;"
					       "cool 1 5060t -> 30; wait 31; cool 1 5060t -> due; ask a:5060t 1,2 -> 1,2; cool 1 5060t -> 30"},
	{"a connect does not end that of a 503, an answer does", "ask a 1,2; fail a 1 5060t 503; ok a 1 5060t connected; pin a -> 2 tentative;"
		"cool 1 5060t -> 24..36; ok * 1 5060t; cool 1 5060t -> fit"},
	{"nor does that of who may try", "ask a 1; fail * 1 5060t 503; wait 40; ok * 1 5060t connected; cool 1 5060t -> due"},
	{"nor that of a server that answers nothing", "ask a 1,2; fail a 1 5060t unanswered; ok * 1 5060t connected; cool 1 5060t -> 24..36"},
	{"it ends that of a connect that failed", "ask a 1,2; fail a 1 5060t; ok * 1 5060t connected; cool 1 5060t -> fit"},
	{"and any where no SIP is spoken", "ask a 1,2; fail a 1 80t unanswered; ok * 1 80t connected; cool 1 80t -> fit"},
	{"a success ends it at once", "ask a 1,2; fail a 1 5060t; ok * 1 5060t; cool 1 5060t -> fit; ask b 1,2 -> 1,2"},
	{"the second time it is longer", "ask a 1,2; fail a 1 5060t; wait 40; fail a 1 5060t; cool 1 5060t -> 48..72"},
	{"failures while it cools add nothing", "ask a 1,2; fail a 1 5060t; wait 10; fail a 1 5060t; cool 1 5060t -> 14..26"},
	{"a success lowers n by one, another at once does not", "ask a 1,2; fail a 1 1t; wait 40; fail a 1 1t; wait 80; fail a 1 1t;"
								"ok * 1 1t; ok * 1 1t; fail * 1 1t; cool 1 1t -> 72..108"},
	{"successes that never pause lower it too", "ask a 1,2; fail a 1 1t; wait 40; fail a 1 1t; ok * 1 1t; wait 4; ok * 1 1t; wait 4; ok * 1 1t;"
						    "wait 4; ok * 1 1t; fail * 1 1t; cool 1 1t -> 24..36"},
	{"a success each 10 s lowers it to nothing", "ask a 1,2; fail a 1 1t; wait 40; fail a 1 1t; ok * 1 1t; wait 11; ok * 1 1t; wait 11; ok * 1 1t;"
						     "fail * 1 1t; cool 1 1t -> 24..36"},
	{"an endpoint's own", "ask a 1,2; fail a 1 5060t; cool 1 5060t -> 24..36; cool 1 5061t -> fit; cool 1 5060u -> fit"},
};

static const struct script_row all_dead[] = {
	{"the last confirmed returns", "ask a 1,2,3; ok a 1 5060t; fail a 1 5060t; fail a 2 5060t; fail a 3 5060t; pin a -> 1 tentative;"
				       "ask a 3,2,1 -> 1,3,2; cool 1 5060t -> 24..36; cool 3 5060t -> 24..36"},
	{"and lasts while they all fail", "ask a 1,2,3; ok a 1 5060t; fail a 1 5060t; fail a 2 5060t; fail a 3 5060t;"
					  "fail a 1 5060t; fail a 3 5060t; fail a 2 5060t; ask a 3,2,1 -> 1,3,2; pin a -> 1 tentative"},
	{"all back within 20 s: the old pin holds",
	 "ask a 1,2,3; ok a 1 5060t; fail a 1 5060t; fail a 2 5060t; fail a 3 5060t; wait 15; ask a 3,2,1 -> 1,3,2;"
	 "ok a 1 5060t; pin a -> 1 confirmed 5060t; lead a 3,1,2 -> 1; lead a 2,3,1 -> 1; lead a 1,2,3 -> 1"},
	{"none was ever confirmed: the resolver's order behind the pin", "ask a 1,2; fail a 1 5060t; fail a 2 5060t; pin a -> 2 tentative; ask a 1,2 -> 2,1"},
	{"one comes back: the pin follows the success", "ask a 1,2,3; ok a 1 5060t; fail a 1 5060t; fail a 2 5060t; fail a 3 5060t; wait 3; ok a 2 5060t;"
							"pin a -> 2 confirmed 5060t; lead a 3,1,2 -> 2"},
	{"a single address", "ask a 1; ok a 1 5060t; fail a 1 5060t; ask a 1 -> 1; fail a 1 5060t; ask a 1 -> 1; ok a 1 5060t; pin a -> 1 confirmed 5060t"},
	{"one after the other, slowly, is no path failure",
	 "ask a 1,2,3; ok a 1 5060t; fail a 1 5060t; ok a 2 5060t; wait 100; fail a 2 5060t; pin a -> 3 tentative; fail a 3 5060t; pin a -> 1 tentative;"
	 "ask a 3,2,1 -> 1,3,2"},
	{"of two names, each its own", "ask a 1,2; ok a 1 5060t; ask b 2,1; ok b 2 5060t; fail * 1 5060t; fail * 2 5060t;"
				       "ask a 2,1 -> 1,2; ask b 1,2 -> 2,1; pin a -> 1 tentative; pin b -> 2 tentative"},
};

static const struct script_row slots[] = {
	{"four endpoints have a slot", "ask a 1,2; fail a 1 1t; fail a 1 2t; fail a 1 3t; fail a 1 4t; cool 1 4t -> 24..36"},
	{"a fifth shares `other`", "ask a 1,2; ok a 1 1t; ok a 1 2t; ok a 1 3t; ok a 1 4t; fail a 1 5t -> known; cool 1 5t -> fit; pin a -> 1 confirmed 4t"},
	{"`other` moves a tentative pin", "ask b 1,2; ok b 1 1t; ok b 1 2t; ok b 1 3t; ok b 1 4t; ask a 1,2 -> 1,2; fail a 1 5t; pin a -> 2 tentative; pin b -> 1 confirmed 4t"},
	{"`other` confirms nothing", "ask b 1,2; ok b 1 1t; ok b 1 2t; ok b 1 3t; ok b 1 4t; ask a 1,2; ok a 1 5t; pin a -> 1 tentative"},
	{"one that never succeeded yields", "ask b 1,2; fail * 1 1t; fail * 1 2t; fail * 1 3t; fail * 1 4t; wait 40; ask a 1 -> 1; pin a -> 1 tentative; ok a 1 5060t; pin a -> 1 confirmed 5060t;"
					    "cool 1 1t -> fit; cool 1 5060t -> fit"},
	{"one that succeeded never does", "ask a 1,2; ok a 1 1t; ok a 1 2t; ok a 1 3t; ok a 1 4t; ok a 1 5060t; pin a -> 1 confirmed 4t"},
	{"who yields takes no pin along", "ask b 1,2; fail * 1 1t; fail * 1 2t; fail * 1 3t; fail * 1 4t; wait 40; ask a 1 -> 1; pin b -> 2 tentative;"
					  "ok a 1 5060t; pin a -> 1 confirmed 5060t; pin b -> 2 tentative; ask b 1,2 -> 2,1"},
};

/* What is heard before a request was first sent says nothing about its silence; in the same tick of 1/16 s it is taken to be after. */
static void heard(void)
{
	static const struct {
		const char *what;
		double sent_after;
		bool since;
	} rows[] = {{"a moment before", 0.09, false}, {"in the same instant", 0, true}, {"long before", 20, false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lab lab;
		const struct name a = lab_name("a");
		const struct address addr = lab_v4(1);
		const struct endpoint e = {addr, 5060, TRANSPORT_UDP};
		struct name_ref ref;
		lab_open(&lab, 64);
		lab_lookup(&lab.t, &a, &addr, 1, &ref);
		const addr_ref at = addr_find(&lab.t, &addr);
		check_row("heard %s", rows[i].what);
		endpoint_heard(&lab.t, at, &e, REQUEST_OTHER, false);
		clock_after(rows[i].sent_after);
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
		const uint64_t sent_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
		check_true("since", endpoint_heard_since(&lab.t, at, &e, REQUEST_OTHER, sent_ms) == rows[i].since);
		lab_close(&lab);
	}
}

int main(void)
{
	SCRIPT_PLAY("a success", confirm);
	SCRIPT_PLAY("a failure", failure);
	SCRIPT_PLAY("cool-off", cooling);
	SCRIPT_PLAY("all dead", all_dead);
	SCRIPT_PLAY("endpoints", slots);
	heard();
	return check_done();
}
