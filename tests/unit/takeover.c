/* takeover.c: what one table knows, into another, with another seed, size and places. */
#include "tests/unit/script.h"

static const struct script_row place[] = {
	{"a confirmed pin", "ask a 1,2; ok a 1 5060t; other; take-place -> 0; pin a -> 1 confirmed 5060t; ask a 2,1 -> 1,2"},
	{"a tentative one", "ask a 1,2; other; take-place; pin a -> 1 tentative; ask a 2,1 -> 1,2"},
	{"both families", "ask a 1,v1; ok a v1 5060t; other; take-place; pin a -> 1 tentative, v1 confirmed 5060t"},
	{"one set by hand", "set a 9; other; take-place; pin a -> 9 explicit; ask a 1 -> +9,1"},
	{"a list, in its order", "set a 7,8,9; other; take-place; ask a 1; fail a 7 5060t; lead a 1 -> +8; fail a 8 5060t; lead a 1 -> +9"},
	{"one that ends", "set a 9 60; wait 50; other; take-place; pin a -> 9 explicit; wait 11; ask a 1,2 -> 1,2"},
	{"candidates, for when DNS is down", "ask a 1,2,3; other; take-place; stale a -> 1,2,3"},
	{"they are as old as they were", "ask a 1,2; wait 86000; other; take-place; stale a -> 1,2; wait 500; stale a -> none"},
	{"an answer of its own: what comes beside that of a service adds nothing", "ask a.x 1; other; take-place; beside _sip._udp.x a.x 2; stale a.x -> 1"},
	{"how long it was unused", "ask a 1,2; ok a 1 5060t; wait 10000; other; take-place; wait 900; ask a 2,1 -> 2,1"},
	{"DNS that is down", "ask a 1; stale a; other; take-place; down a -> yes"},
	{"a cool-off", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; cool 1 5060t -> 24..36; other; take-place; cool 1 5060t -> 24..36; ask a 1,2 -> 2,1"},
	{"a cool-off that is over: one tries", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; wait 37; other; take-place; cool 1 5060t -> due"},
	{"how often it failed", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; wait 40; ask a 1; fail a 1 5060t; other; take-place; cool 1 5060t -> 48..72"},
	{"a pin that has failed, unseen", "ask a 1,2; ask b 1,2; ok b 1 5060t; fail a 1 5060t; other; take-place; ask b 1,2 -> 2,1"},
	{"a failure there counts here after it", "ask a 1,2; ok a 1 5060t; other; take-place; fail a 1 5060t; ask a 1,2 -> 2,1; pin a -> 2 tentative"},
	{"a failure elsewhere does not", "ask a 1,2; ok a 1 5060t; other; take-place; fail a 1 443t; pin a -> 1 confirmed 5060t"},
	{"what is drained", "ask a 1,2; drain 1; other; take-place; ask a 1,2 -> 2,1; undrain 1 -> done"},
	{"a service and its target", "srv _sip._tcp.x h1:5060:10,h2:5060:20 -> h1:5060; ask+ h1 1; ok h1 1 5060t; other; take-place; pin _sip._tcp.x -> h1:5060 confirmed 5060t; srv _sip._tcp.x h2:5060:10,h1:5060:10 -> h1:5060"},
	{"what failed in between comes with the second time", "ask a 1,2; ok a 1 5060t; other; take-place; other; wait 1; fail a 1 5060t; other; take-place; pin a -> 2 tentative"},
	{"a later pin by hand, too", "set a 8; other; take-place; other; wait 1; set a 9; other; take-place; pin a -> 9 explicit"},
	{"not an earlier one", "set a 8; other; take-place; wait 1; set a 9; take-place; pin a -> 9 explicit"},
	{"twice changes nothing", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; ok a 2 5060t; other; take-place; take-place; pin a -> 2 confirmed 5060t; cool 1 5060t -> 24..36"},
};

/* The table has taken the other's place: programs use it, and have pinned anew what it lacked. */
static const struct script_row published[] = {
	{"a pin that it lacked goes before one that was made anew", "ask a 1,2; other; wait 1; ask a 2,1; take-place+; pin a -> 1 tentative"},
	{"also before one that has answered by then", "ask a 1,2; ok a 1 5060t; other; wait 1; ask a 2,1; ok a 2 5060t; take-place+; pin a -> 1 confirmed 5060t"},
	{"not a tentative one before that", "ask a 1,2; other; wait 1; ask a 2,1; ok a 2 5060t; take-place+; pin a -> 2 confirmed 5060t"},
	{"not one whose server failed meanwhile", "ask a 1,2; ok a 1 5060t; other; take-place; wait 1; ask a 1,2; fail a 1 5060t; take-place+; pin a -> 2 tentative"},
	{"nor one to what is drained here", "ask a 1,2; ok a 1 5060t; other; wait 1; ask b 1,3; drain 1; ask a 2,1; take-place+; pin a -> 2 tentative"},
	{"a later one by hand stays", "set a 8; other; wait 1; set a 9; take-place+; pin a -> 9 explicit"},
	{"and goes before one that was not", "ask a 1,2; ok a 1 5060t; other; wait 1; set a 9; take-place+; pin a -> 9 explicit"},
};

/* 2 names in 4 records, of which each name reaches all. */
static const struct script_row smaller[] = {
	{"what is set by hand has room first, then what had a success",
	 "ask a 1; ask b 1; ask c 1; ask d 1; ask e 1; ask g 1; ok g 1 5060t; set h 9; other 2; take-place -> 3; pin h -> 9 explicit; pin g -> 1 confirmed 5060t"},
};

static const struct script_row over[] = {
	{"a name that nobody knew", "ask a 1,2; ok a 1 5060t; other; ask b 3; take-over -> 0; pin a -> 1 confirmed 5060t; pin b -> 3 tentative"},
	{"what is pinned stays", "ask a 1,2; ok a 1 5060t; other; ask a 2,1; take-over; pin a -> 2 tentative"},
	{"also before a later one", "other; ask a 2,1; other; wait 1; ask a 1,2; ok a 1 5060t; other; take-over; pin a -> 2 tentative"},
	{"what was set by hand goes before what was not", "set a 1; other; ask a 2,1; ok a 2 5060t; take-over; pin a -> 1 explicit"},
	{"but not before what was set by hand", "set a 1; other; set a 2; take-over; pin a -> 2 explicit"},
	{"no pin on what has failed", "ask a 1,2; other; ask b 1,3; fail b 1 5060t; take-over; pin a -> none; ask a 1,2 -> 2,1"},
	{"a later failure moves pins", "ask a 1,2; ok a 1 5060t; other; ask b 1,3; ok b 1 5060t; other; wait 1; fail a 1 5060t; other; take-over; ask b 1,3 -> 3,1"},
	{"an earlier one does not", "ask a 1,2; ok a 1 5060t; fail a 1 5060t; wait 1; other; ask b 1,3; ok b 1 5060t; take-over; pin b -> 1 confirmed 5060t"},
};

int main(void)
{
	SCRIPT_PLAY("in its place", place);
	SCRIPT_PLAY("once more, when it has", published);
	SCRIPT_PLAY("in the place of a larger one", smaller);
	SCRIPT_PLAY("into one of others", over);
	return check_done();
}
