/* follow.c: an answer that no program asked for: what becomes of pins, and what is left to the next lookup. */
#include "tests/unit/script.h"

static const struct script_row absence[] = {
	{"what is published stays", "ask a 1,2; ok a 1 5060t; follow a 2,1 -> done; pin a -> 1 confirmed 5060t"},
	{"grace: as at lookups, from the second answer on", "ask a 1,2; ok a 1 5060t; follow a 2,3; wait 299; follow a 2,3; pin a -> 1 confirmed 5060t; wait 2; follow a 2,3; pin a -> 2 tentative"},
	{"its time begins anew with an answer that has it", "ask a 1,2; ok a 1 80t; follow a 2; wait 299; follow a 1,2; wait 2; follow a 2; wait 299; follow a 2; pin a -> 1 confirmed 80t"},
	{"answers of lookups count with these", "ask a 1,2; ok a 1 80t; ask a 2; wait 301; follow a 2; pin a -> 2 tentative"},
	{"a pin on which nothing ever succeeded: 10 s", "ask a 1,2; follow a 2; wait 11; follow a 2; pin a -> 2 tentative"},
	{"follow: at once", "opt absent 0; ask a 1,2; ok a 1 5060t; follow a 3,2; pin a -> 3 tentative"},
	{"keep: never", "opt absent 2; ask a 1,2; ok a 1 5060t; follow a 2; wait 9000; follow a 2; pin a -> 1 confirmed 5060t"},
	{"where the name says so, and not by default", "host a absent 0; ask a 1,2; ask b 1,2; ok a 1 80t; ok b 1 80t; follow a 2; follow b 2; pin a -> 2 tentative; pin b -> 1 confirmed 80t"},
	{"by hand: never", "opt absent 0; set a 9; follow a 1,2; wait 9000; follow a 1,2; pin a -> 9 explicit"},
	{"what is sent to the old one goes to the new one", "opt absent 0; ask a 1,2; ok a 1 5060u; follow a 3; steer a 1 5060u -> 3:5060"},
	{"not to one that cools off", "opt absent 0; ask a 1; ask b 3,4; fail b 3 5060t; follow a 3,4; pin a -> 4 tentative"},
	{"each family by itself", "opt absent 0; ask a 1,v1; follow a 2,v1; pin a -> 2 tentative, v1 tentative"},
	{"a family without records says nothing of its pin", "opt absent 0; ask a 1,v1; follow a 1; pin a -> 1 tentative, v1 tentative"},
	{"nor does a filter", "opt absent 0; ask a 1; ok a 1 80t; follow a 0.0.0.0; pin a -> 1 confirmed 80t"},
	{"of 65 the pin that is not there is not absent", "opt absent 0; ask a 200; follow a 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,"
							  "34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65; pin a -> 200 tentative"},
	{"events", "opt absent 0; ask a 1,2; events; follow a 2; follow a 2; events -> moved 2"},
};

static const struct script_row others_work[] = {
	{"no pin is made", "refresh a 1 60; follow a 1,2; pin a -> none; healthy a 2 -> yes"},
	{"nor after its end by idle", "ask a 1,2; wait 10801; follow a 2,1; pin a -> none; ask a 2,1 -> 2,1"},
	{"nor by max-age", "opt max-age 60; ask a 1,2; wait 61; follow a 2,1; pin a -> none; ask a 2,1 -> 2,1"},
	{"nor by its TTL", "set a 9 60; wait 61; follow a 1,2; pin a -> none"},
	{"no name either", "follow a 1,2 -> no-name; pin a -> no-name"},
	{"a half-open endpoint is the next lookup's to try", "ask a 1,2; ok a 1 80t; fail a 1 80t; wait 40; follow a 1,2; healthy a 1 -> no; report a fail 2; cool 1 80t -> due; lead a 1,2 -> 1"},
	{"it counts as no lookup", "ask a 1; wait 100; follow a 1; unused a -> 100"},
	{"of a name that was never looked up: since it was made", "set a 9; wait 7; unused a -> 7"},
	{"a pin that failed moves", "opt absent 2; ask a 1,2; ask b 1; fail b 1 80t; follow a 1,2; pin a -> 2 tentative"},
	{"what it shows is given while DNS is down", "ask a 1,2; follow a 3,1; stale a -> 1,2,3"},
	{"and as long as `stale` from then on", "ask a 1; wait 80000; follow a 2,1; wait 80000; stale a -> 1,2"},
	{"ends DNS down", "ask a 1,2; stale a; follow a 1,2; down a -> no"},
};

static const struct script_row ttls[] = {
	{"as it is told", "ask a 1; ttl a -> 0; follow a 1 60; ttl a -> 60; wait 59; ttl a -> 1; wait 2; ttl a -> 0"},
	{"anew while the old one runs, which no answer of one family does", "ask a 1; follow a 1,v1 60; wait 50; follow a 1,v1 60; ttl a -> 60"},
	{"7 days at most", "ask a 1; follow a 1 9999999; ttl a -> 604800"},
	{"of a service", "srv _sip._udp.d b:5060; follow _sip._udp.d b:5060 60; ttl _sip._udp.d -> 60"},
};

#define S "_sip._udp.d"

static const struct script_row services[] = {
	{"what is published stays", "srv " S " a:5060:10,b:5060:20; follow " S " b:5060:20,a:5060:10 -> done; pin " S " -> a:5060 tentative"},
	{"what is not moves, as `absent` says", "opt absent 0; srv " S " a:5060:10,b:5060:20; follow " S " c:5060:30,b:5060:20; pin " S " -> b:5060 tentative"},
	{"with grace, later", "srv " S " a:5060:10,b:5060:20; follow " S " b:5060:20; pin " S " -> a:5060 tentative; wait 11; follow " S " b:5060:20; pin " S " -> b:5060 tentative"},
	{"on another port it is another", "opt absent 0; srv " S " a:5060:10; follow " S " a:5070:10; pin " S " -> a:5070 tentative"},
	{"back to a better priority after failback", "srv " S " b:5060:20; follow " S " a:5060:10,b:5060:20; pin " S " -> b:5060 tentative; wait 601; follow " S " a:5060:10,b:5060:20; pin " S " -> a:5060 tentative"},
	{"no pin is made", "refresh-srv " S " a:5060:10; follow " S " a:5060:10; pin " S " -> none"},
	{"of a hundred the best are known", "srv " S " b:1:30; follow " S " a:1000:20*92,b:1:10*8 -> done; ports " S " -> 1,2,3,4,5,6,7,8"},
};

int main(void)
{
	SCRIPT_PLAY("absence", absence);
	SCRIPT_PLAY("others' work", others_work);
	SCRIPT_PLAY("TTLs", ttls);
	SCRIPT_PLAY("services", services);
	return check_done();
}
