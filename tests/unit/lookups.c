/*
 * lookups.c: what a lookup gets and leaves behind, over a real table: capture,
 * absence, ageing, settings, both families, many addresses, DNS down.
 */
#include "policy/table/effective.h"
#include "policy/table/insert.h"
#include "tests/unit/script.h"

static const struct script_row capture[] = {
	{"the first address of the first answer", "ask a 2,1,3 -> 2,1,3; ask a 1,2,3 -> 2,1,3; ask a 3,1,2 -> 2,3,1"},
	{"names are keyed as asked, without case and root", "ask Sip.Example.ORG. 2,1; ask sip.example.org 1,2 -> 2,1"},
	{"each name its own", "ask a 1,2; ask b 2,1; ask a 2,1 -> 1,2; ask b 1,2 -> 2,1"},
	{"each family its own", "ask a 1,2,v1,v2; ask a v2,v1,2,1 -> 1,2,v1,v2; pin a -> 1 tentative, v1 tentative"},
	{"one family asked for leaves the other", "ask a 1,2,v1,v2; ask a v2,v1 -> v1,v2; ask a 2,1 -> 1,2"},
	{"the other family comes later", "ask a 1,2; ask a v2,v1 -> v2,v1; pin a -> 1 tentative, v2 tentative"},
	{"one address", "ask a 1 -> 1; pin a -> 1 tentative"},
	{"an address that comes twice is given once", "ask a 1,2,1,2 -> 1,2; ask a 2,1,2 -> 1,2"},
	{"an empty answer pins nothing", "ask a - -> ; pin a -> none; ask a 1,2 -> 1,2"},
	{"an empty answer does not end a pin", "ask a 1,2; ask a - -> ; ask a 2,1 -> 1,2"},
	{"a name of 253 bytes", "ask aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
				"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd 1,2;"
				"ask aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
				"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd 2,1 -> 1,2;"
				"pin aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
				"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd -> 1 tentative;"
				"pin aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
				"ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddc -> no-name"},
	{"names that differ in the last byte of the head", "ask a23456789-123456789-123456789-123456789-123456789-12345x 1,2;"
							     "ask a23456789-123456789-123456789-123456789-123456789-12345y 2,1 -> 2,1"},
	{"names that differ past the head", "ask a23456789-123456789-123456789-123456789-123456789-123456x 1,2;"
					    "ask a23456789-123456789-123456789-123456789-123456789-123456y 2,1 -> 2,1"},
	{"a name of exactly the head", "ask a23456789-123456789-123456789-123456789-123456789-123456 1,2;"
				       "ask a23456789-123456789-123456789-123456789-123456789-123456 2,1 -> 1,2; "
				       "ask a23456789-123456789-123456789-123456789-123456789-12345 2,1 -> 2,1"},
	{"mapped addresses and IPv4 ones are one", "ask a 1,2; ok a 1 80t; pin a -> 1 confirmed 80t"},
	{"not sticky: left alone", "opt sticky 0; ask a 2,1 -> untouched; pin a -> no-name"},
	{"not sticky any more: left alone", "ask a 1,2; opt sticky 0; ask a 2,1 -> untouched; opt sticky 1; ask a 2,1 -> 1,2"},
	{"events", "ask a 1,2; ask a 2,1; events -> pinned 1"},
};

static const struct script_row absence[] = {
	{"grace: put in front", "ask a 1,2; ask a 2,3 -> +1,2,3; ask a 3,2 -> +1,3,2"},
	{"grace: until 5 m have passed", "ask a 1,2; ok a 1 80t; ask a 2,3 -> +1,2,3; wait 299; ask a 2,3 -> +1,2,3; wait 2; ask a 2,3 -> 2,3;"
					 "pin a -> 2 tentative"},
	{"grace: it takes two answers", "ask a 1,2; ok a 1 80t; wait 900; ask a 2,3 -> +1,2,3; wait 1; ask a 2,3 -> +1,2,3; wait 300; ask a 2,3 -> 2,3"},
	{"grace: one answer with it starts again", "ask a 1,2; ok a 1 80t; ask a 2,3; wait 299; ask a 2,1 -> 1,2; wait 2; ask a 2,3 -> +1,2,3; wait 299;"
						   "ask a 2,3 -> +1,2,3"},
	{"grace of 10 s", "opt grace 10; ask a 1,2; ask a 2,3; wait 11; ask a 2,3 -> 2,3"},
	{"unproven: 10 s", "ask a 1,2; ask a 2,3 -> +1,2,3; wait 9; ask a 2,3 -> +1,2,3; wait 2; ask a 2,3 -> 2,3; pin a -> 2 tentative"},
	{"unproven: one answer with it starts again", "ask a 1,2; ask a 2,3; wait 9; ask a 2,1 -> 1,2; wait 2; ask a 2,3 -> +1,2,3; wait 9; ask a 2,3 -> +1,2,3"},
	{"unproven: a broken connection does not make it so", "ask a 1,2; ok a 1 80t; broken a 1 80t; pin a -> 1 tentative; ask a 2,3; wait 299;"
							      "ask a 2,3 -> +1,2,3"},
	{"DNS lied for longer than the grace", "ask a 1,2; ok a 1 80t; ask a 9 -> +1,9; wait 301; ask a 9 -> 9; pin a -> 9 tentative; ask a 2,1 -> 1,2;"
					       "pin a -> 1 tentative"},
	{"DNS lied with follow", "opt absent 0; ask a 1,2; ok a 1 80t; ask a 9 -> 9; ask a 2,1 -> 1,2"},
	{"DNS lied from the start", "ask a 9; ask a 1,2 -> +9,1,2; wait 11; ask a 2,1 -> 2,1; pin a -> 2 tentative"},
	{"a single address that moved in DNS", "ask a 1; ok a 1 5060t; ask a 2 -> +1,2; wait 301; ask a 2 -> 2; pin a -> 2 tentative; ask a 2 -> 2"},
	{"follow", "opt absent 0; ask a 1,2; ask a 2,3 -> 2,3; pin a -> 2 tentative; ask a 3,1 -> 3,1"},
	{"keep", "opt absent 2; ask a 1,2; ask a 2,3; wait 9000; ask a 2,3 -> +1,2,3; wait 9000; ask a 3,2 -> +1,3,2"},
	{"explicit pins keep", "opt absent 0; set a 9; ask a 1,2 -> +9,1,2; wait 9000; ask a 2,1 -> +9,2,1"},
	{"one that failed in its grace is not put in front", "ask a 1,2; ok a 1 5060t; ask a 2,3 -> +1,2,3; fail a 1 5060t; ask a 3,2 -> 2,3"},
	{"a failure while absent leads to one of the last answer", "ask a 1,2; wait 2; ask a 3,4 -> +1,3,4; fail a 1 5060t; lead a 4,3 -> 3"},
	{"not absent from an answer of the other family", "opt absent 0; ask a 1,2; ask a v1; ask a 2,1 -> 1,2"},
	{"events", "opt grace 10; ask a 1,2; events; ask a 2,3; wait 11; ask a 2,3; events -> moved 2"},
};

static const struct script_row made_up[] = {
	{"proxychains' alone: as it is, nothing pinned", "ask a 224.0.0.1 -> 224.0.0.1; pin a -> none; stale a -> none"},
	{"a filter's alone: as it is", "ask a 0.0.0.0,v:: -> 0.0.0.0,::; pin a -> none"},
	{"they are never captured, and go last", "ask a 224.0.0.1,1,0.0.0.0,2 -> 1,2,224.0.0.1,0.0.0.0; pin a -> 1 tentative"},
	{"nor broadcast, multicast of IPv6, link-local without a scope", "ask a 255.255.255.255,vff02::1,vfe80::1 -> 255.255.255.255,ff02::1,fe80::1;"
									 "pin a -> none"},
	{"loopback is", "ask a 127.0.0.1,2 -> 127.0.0.1,2; ask a 2,127.0.0.1 -> 127.0.0.1,2"},
	{"a pin of before is not lost, nor is it given", "ask a 1,2; ok a 1 80t; ask a 0.0.0.0 -> 0.0.0.0; wait 600; ask a 0.0.0.0; wait 600;"
							 "ask a 0.0.0.0; pin a -> 1 confirmed 80t; ask a 2,1 -> 1,2"},
	{"with follow neither", "opt absent 0; ask a 1,2; ask a 0.0.0.0 -> 0.0.0.0; ask a 2,1 -> 1,2"},
	{"the pin goes on in front of what else there is", "ask a 1,2; ask a 0.0.0.0,2 -> +1,2,0.0.0.0"},
	{"a pin set by hand is given", "set a 1; ask a 0.0.0.0 -> +1,0.0.0.0; ask a 224.0.0.1,2,1 -> 1,2,224.0.0.1"},
	{"they are not given when DNS is down", "ask a 1,2; ask a 0.0.0.0; stale a -> 1,2; ask a 224.0.0.1,2; stale a -> 1,2"},
	{"nor served for ever by hand", "ask a 1,2; ok a 1 80t; refresh a 0.0.0.0 60 -> done; pin a -> 1 confirmed 80t; stale a -> 1,2"},
	{"set, adopted, recalled: no", "set a 224.0.0.1 -> full; adopt a 0.0.0.0 -> full; recall a 224.0.0.1,1 60; stale a -> 1"},
	{"an outcome of one is nobody's", "ask a 224.0.0.1,1; fail a 224.0.0.1 80t -> unknown; ok a 224.0.0.1 80t -> unknown"},
};

static const struct script_row asides[] = {
	{"one answer, and the pin stays", "ask a 1,2,3; ok a 1 80t; aside 1n; ask a 1,2,3 -> 2,3,1; pin a -> 1 confirmed 80t; ask a 2,3,1 -> 1,2,3"},
	{"nothing is written", "ask a 1,2; ok a 1 80t; events; aside 1; ask a 1,2 -> 2,1; events -> ; healthy a 1 -> yes"},
	{"two", "ask a 1,2,3; aside 1,2n; ask a 1,2,3 -> 3,1,2; pin a -> 1 tentative"},
	{"all", "ask a 1,2; aside 1n,2n; ask a 2,1 -> 1,2"},
	{"the only one", "ask a 1; aside 1n; ask a 1 -> 1"},
	{"the first lookup", "aside 1n; ask a 1,2 -> 2,1; pin a -> 2 tentative"},
	{"what is not among them", "ask a 1,2; aside 9; ask a 2,1 -> 1,2; pin a -> 1 tentative"},
	{"a pin that is not in the answer is left out", "ask a 1,2; aside 1n; ask a 2,3 -> 2,3; ask a 2,3 -> +1,2,3"},
	{"by hand: a vain attempt", "set a 1; aside 1; ask a 2,1 -> 1,2"},
	{"by hand: no way", "set a 1; aside 1n; ask a 2,1 -> 2,1; pin a -> 1 explicit; ask a 2,1 -> 1,2"},
	{"by hand: no way, and no answer of this family", "set a 1; aside 1n; ask a - -> ; ask a - -> +1"},
	{"a list goes on", "set a 8,9; aside 8n; ask a 1 -> +9,1; ask a 1 -> +8,1"},
	{"from the table", "ask a 1,2; aside 1n; stale a -> 2,1; stale a -> 1,2"},
	{"each family its own", "ask a 1,2,v1,v2; aside v1n; ask a 1,2,v1,v2 -> 1,2,v2,v1"},
};

static const struct script_row ways[] = {
	{"while there is none the next leads", "ask a 1,2,3; ok a 1 80t; cut 1; ask a 3,1,2 -> 3,2,1; pin a -> 1 confirmed 80t; events; cut -; ask a 3,1,2 -> 1,3,2;"
					       "events -> "},
	{"the next one that has one", "ask a 1,2,3; cut 1,2; ask a 1,2,3 -> 3,1,2; ask a 2,1,3 -> 3,2,1"},
	{"to none of them: as if to all", "ask a 1,2; cut 1,2; ask a 2,1 -> 1,2"},
	{"sorted: the first is not asked about", "ask a 1,2,3; cut 1,2 sorted; ask a 3,1,2 -> 3,2,1; cut 2 sorted; ask a 2,1 -> 1,2"},
	{"sorted: to none of them", "ask a 1,2,3; cut 1,2,3 sorted; ask a 2,3,1 -> 1,2,3"},
	{"to the only one", "cut 1; ask a 1 -> 1; pin a -> 1 tentative"},
	{"none is captured", "cut 1; ask a 1,2 -> 2,1; pin a -> 2 tentative"},
	{"of a pin by hand", "set a 9; cut 9; ask a 1,2 -> 1,2; cut -; ask a 1,2 -> +9,1,2"},
	{"of a pin by hand, for the other family's answer", "set a 9; cut 9; ask a -,v1 -> v1; cut -; ask a -,v1 -> +9,v1"},
	{"of a list", "set a 8,9; cut 8; ask a 1 -> +9,1; cut 8,9; ask a 1 -> 1; cut -; ask a 1 -> +8,1"},
	{"with DNS down", "ask a 1,2; cut 1; stale a -> 2,1; cut -; stale a -> 1,2"},
	{"one that failed is tried before there is no way", "ask a 1,2; fail a 2 5060t; cut 1; ask a 1,2 -> 2,1; pin a -> 1 tentative"},
	{"no right to try is wasted", "set a 1; ask a 1,2; fail a 1 5060t; wait 37; cool 1 5060t -> due; cut 1; ask a 1,2 -> 2,1; cool 1 5060t -> due;"
					  "cut -; ask a 1,2 -> 1,2; cool 1 5060t -> 28..30"},
};

static const struct script_row ageing[] = {
	{"idle 3h", "ask a 1,2; wait 10799; ask a 2,1 -> 1,2; wait 10799; ask a 2,1 -> 1,2; wait 10801; ask a 2,1 -> 2,1"},
	{"idle off", "opt idle off; ask a 1,2; wait 900000; ask a 2,1 -> 1,2"},
	{"idle does not end explicit pins", "set a 1; ask a 1,2; wait 900000; ask a 2,1 -> 1,2"},
	{"max-age", "opt max-age 60; ask a 1,2; wait 50; ask a 2,1 -> 1,2; wait 11; ask a 2,1 -> 2,1; wait 50; ask a 1,2 -> 2,1"},
	{"max-age off", "ask a 1,2; wait 10000; ask a 2,1; wait 10000; ask a 2,1; wait 10000; ask a 2,1 -> 1,2"},
	{"events", "ask a 1,2; events; wait 10801; ask a 2,1; events -> expired 1, pinned 2"},
	{"drained: moves off", "ask a 1,2,3; ok a 1 80t; drain 1; ask a 1,2,3 -> 2,3,1; pin a -> 2 tentative"},
	{"drained: new names keep away", "drain 1; ask a 1,2 -> 2,1; ask b 1,3 -> 3,1"},
	{"drained: undone, but no fail-back", "ask a 1,2; drain 1; ask a 1,2; undrain 1; ask a 1,2 -> 2,1; ask b 1,2 -> 1,2"},
	{"drained: the only one stays", "ask a 1; drain 1; ask a 1 -> 1; pin a -> 1 tentative"},
	{"drained: explicit pins stay", "set a 1; ask a 1,2; drain 1; ask a 2,1 -> 1,2"},
	{"drained: moves before any lookup", "ask a 1,2; ask b 1,3; ok b 1 80t; drain 1 -> done; pin a -> 2 tentative; pin b -> 3 tentative"},
	{"drained: nowhere to go", "ask a 1,2; drain 2; drain 1; pin a -> 1 tentative; ask a 1,2 -> 1,2; undrain 2; ask a 1,2 -> 2,1"},
	{"drained: to one that may be tried again", "ask a 1,2; fail a 2 80t; drain 1; pin a -> 1 tentative; wait 37; ask a 1,2 -> 2,1"},
	{"drained: both families", "ask a 1,2,v1,v2; drain v1; pin a -> 1 tentative, v2 tentative"},
	{"drained: a success on it draws no tentative pin", "ask a 1,2; drain 1; ok a 1 80t; pin a -> 2 tentative"},
	{"drained: a failed one does not come back", "ask a 1,2,3; drain 1; fail a 2 80t; pin a -> 3 tentative"},
	{"drained: a list goes on to the next", "set a 1,2; ask a 1,2; drain 1; lead a 1,2 -> 2; undrain 1; lead a 1,2 -> 1"},
	{"drained: a list of drained ones is as it was", "set a 1,2; drain 1; drain 2; lead a 1,2 -> 1"},
	{"drained: undone twice", "drain 1 -> done; undrain 1 -> done; undrain 1 -> failed; undrain 9 -> failed"},
	{"drained: is no failure", "ask a 1,2; drain 1; ask a 1,2; healthy a 1 -> yes; events -> pinned 1, drained 1, moved 2"},
};

static const struct script_row many[] = {
	{"16 addresses", "ask a 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16; lead a 16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1 -> 1"},
	{"40 addresses, all given", "ask a 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40;"
				    "ask a 40,39,38,37,36,35,34,33,32,31,30,29,28,27,26,25,24,23,22,21,20,19,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1"
				    " -> 1,40,39,38,37,36,35,34,33,32,31,30,29,28,27,26,25,24,23,22,21,20,19,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2"},
	{"40 addresses, 8 at a time: still one", "ask a 1,2,3,4,5,6,7,8; lead a 9,10,11,12,13,14,15,16 -> +1; lead a 17,18,19,20,21,22,23,24 -> +1;"
						 "lead a 25,26,27,28,29,30,31,32 -> +1; lead a 33,34,35,36,37,38,39,40 -> +1; lead a 8,7,6,5,4,3,2,1 -> 1;"
						 "wait 290; lead a 9,10,11,12,13,14,15,16 -> +1; wait 290; lead a 1,9,10,11,12,13,14,15 -> 1"},
	{"a failure in the 40th is seen", "ask a 40,1,2; fail a 40 5060t; ask a 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,40,19 -> "
					  "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,40"},
	{"the pin was only ever the 30th", "set a 30; ask a 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31 -> "
					   "30,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,31"},
};

static const struct script_row stale[] = {
	{"an unknown name", "stale a -> none; down a -> no"},
	{"in order, the pin first", "ask a 2,1,3; lead a 1,2,3 -> 2; stale a -> 2,1,3; down a -> yes"},
	{"both families", "ask a 1,2,v1; stale a -> 1,2,v1"},
	{"for 30 s DNS is left alone", "ask a 1,2; stale a; wait 29; down a -> yes; wait 2; down a -> no"},
	{"an answer ends that", "ask a 1,2; stale a; ask a 1,2; down a -> no"},
	{"what failed goes last", "ask a 1,2,3; fail a 1 5060t; lead a 1,2,3 -> 2; stale a -> 2,3,1"},
	{"a failure moves", "ask a 1,2,3; stale a -> 1,2,3; fail a 1 5060t; stale a -> 2,3,1"},
	{"seen within a day", "opt idle off; ask a 1,2; wait 86399; stale a -> 1,2"},
	{"not beyond it", "opt idle off; ask a 1,2; wait 86402; stale a -> none; down a -> no"},
	{"nor by being asked all the time", "ask a 1,2; wait 10000; stale a -> 1,2; wait 10000; stale a; wait 10000; stale a; wait 10000; stale a; wait 10000;"
					    "stale a; wait 10000; stale a; wait 10000; stale a; wait 10000; stale a; wait 10000; stale a -> none"},
	{"stale 1h", "opt stale 3600; ask a 1,2; wait 3599; stale a -> 1,2; wait 3; stale a -> none"},
	{"off", "opt stale off; ask a 1,2; stale a -> none; down a -> no"},
	{"0", "opt stale 0; ask a 1,2; stale a -> none"},
	{"not sticky", "ask a 1,2; opt sticky 0; stale a -> none"},
	{"an absent pin is no candidate beyond", "ask a 1,2; ask a 2,3; stale a -> 1,2,3"},
	{"an explicit pin", "set a 9; stale a -> 9; ask a 1,2; stale a -> 9,1,2"},
	{"no grace runs while DNS is down", "ask a 1,2; stale a; wait 400; stale a -> 1,2; wait 400; ask a 2,3 -> +1,2,3"},
};

/* As many addresses as are regarded, and a whole preference list beside them. */
static void most_of_all(void)
{
	struct script s = {0};
	struct name n = lab_name("a");
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = POOL_MAX}};
	struct address list[PREFERENCES];
	struct name_ref ref;
	const struct lookup l = {.name = &n};
	unsigned kept = 0;
	lab_open(&s.lab, 64);
	for (unsigned i = 0; i < POOL_MAX; i++)
		pool[FAMILY_V4].addr[i] = lab_v4(1000 + i);
	for (unsigned i = 0; i < PREFERENCES; i++)
		list[i] = lab_v4(1 + i);
	pins_set(&s.lab.t, &n, list, PREFERENCES, 0);
	check_row("many addresses, %d of them and a list beside", POOL_MAX);
	check_true("touched", pins_order(&s.lab.t, &l, ORDER_DNS, pool, &ref));
	check_number("addresses", POOL_MAX + 1, pool[FAMILY_V4].n);
	check_true("one in front", pool[FAMILY_V4].extra && address_equal(&pool[FAMILY_V4].addr[0], &list[0]));
	for (unsigned i = 0; i < POOL_MAX; i++) {
		struct address a = lab_v4(1000 + i);
		kept += address_equal(&pool[FAMILY_V4].addr[1 + i], &a);
	}
	check_number("the rest as it was", POOL_MAX, kept);
	lab_close(&s.lab);
}

/* Somebody has scribbled: the IPv4 pin, and a candidate, are something that no IPv4 answer can hold. */
static void unfitting(const char *what, const struct address *a)
{
	struct lab lab;
	struct name n = lab_name("a");
	struct address list[2] = {lab_v4(1), lab_v4(2)};
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true}};
	const struct lookup l = {.name = &n};
	struct name_ref ref;
	bool fits = true;
	lab_open(&lab, 64);
	lab_lookup(&lab.t, &n, list, 2, &ref);
	const addr_ref other = addr_insert(&lab.t, a);
	const struct candidate_word c = {.ref = other, .seen = seen_stamp(tick_now() / TICKS_PER_S), .reuse = name_reuse(ref) & 15u};
	put64(&name_hot(&lab.t, ref)->pin[FAMILY_V4], pin_pack((struct pin){.ref = other, .reuse = name_reuse(ref)}));
	put64(&name_cold(&lab.t, ref)->candidates[1], candidate_pack(c));
	check_row("the pin is scribbled over with %s", what);
	const struct address first = lab_lookup(&lab.t, &n, list, 2, &ref);
	check_true("the first of the answer", address_equal(&first, &list[0]));
	put64(&name_hot(&lab.t, ref)->pin[FAMILY_V4], pin_pack((struct pin){.ref = other, .reuse = name_reuse(ref)}));
	check_true("from the table", pins_order(&lab.t, &l, ORDER_FAILED, pool, &ref));
	for (size_t i = 0; i < pool[FAMILY_V4].n; i++)
		fits &= address_family(&pool[FAMILY_V4].addr[i]) == FAMILY_V4 && !address_is_target(&pool[FAMILY_V4].addr[i]);
	check_true("IPv4 addresses only", fits);
	lab_close(&lab);
}

/* Somebody sets the name by hand and drops it, between what the lookup read and what it decided. */
static struct table *dropped_from;

static bool drops(const struct address *a)
{
	const struct name n = lab_name("a");
	pins_set(dropped_from, &n, a, 1, 0);
	pins_drop(dropped_from, &n);
	return true;
}

static void dropped_meanwhile(void)
{
	struct lab lab;
	struct name n = lab_name("a");
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = 2, .addr = {lab_v4(1), lab_v4(2)}}};
	const struct address answer[] = {lab_v4(1), lab_v4(2)};
	const struct lookup l = {.name = &n, .has_way = drops};
	struct name_ref ref;
	lab_open(&lab, 64);
	dropped_from = &lab.t;
	pins_order(&lab.t, &l, ORDER_DNS, pool, &ref);
	check_row("a name that is dropped while it is looked up leads nowhere: the answer is as it was");
	check_number("lead", LEAD_NONE, pool[FAMILY_V4].lead);
	check_number("addresses", 2, pool[FAMILY_V4].n);
	check_true("their order", address_equal(&pool[FAMILY_V4].addr[0], &answer[0]) &&
					  address_equal(&pool[FAMILY_V4].addr[1], &answer[1]));
	lab_close(&lab);
}

/* ---- serve = on: while the TTL runs, for the families that it is known of ---- */

static const char *served(struct lab *lab, const struct name *n, bool v4, bool v6)
{
	static char text[256];
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = v4}, [FAMILY_V6] = {.asked = v6}};
	const struct lookup l = {.name = n};
	struct name_ref ref;
	size_t used = 0;
	if (!pins_order(&lab->t, &l, ORDER_SERVE, pool, &ref))
		return "asks";
	text[0] = '\0';
	for (unsigned f = 0; f < FAMILIES; f++)
		for (size_t i = 0; i < pool[f].n; i++) {
			char a[ADDRESS_TEXT];
			lab_text(&pool[f].addr[i], a);
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "," : "", a);
		}
	return text;
}

static void serving(void)
{
	struct lab lab;
	struct name_ref ref;
	const struct name n = lab_name("a");
	const struct address addrs[] = {lab_v4(1), lab_v4(2)}, six[] = {lab_v6(1)};
	const struct settings_block none = {0}, on = {.given = 1u << SET_SERVE, .set.value[SET_SERVE] = 1};
	lab_open(&lab, 8);
	lab_lookup(&lab.t, &n, addrs, 2, &ref);
	ttl_note(&lab.t, ref, FAMILY_V4, 2, 60);
	check_row("serve is off");
	check_text("IPv4", "asks", served(&lab, &n, true, false));
	settings_store(&lab.t, &on, NULL, 0, (const uint16_t[DNS_PORTS]){0});
	check_row("serve: the family whose TTL is known");
	check_text("IPv4", "1,2", served(&lab, &n, true, false));
	check_text("IPv6", "asks", served(&lab, &n, false, true));
	check_text("both", "asks", served(&lab, &n, true, true));
	check_row("serve: NODATA is believed as long as the other family's records");
	ttl_note(&lab.t, ref, FAMILY_V6, 0, 0);
	check_text("both", "1,2", served(&lab, &n, true, true));
	clock_after(59);
	check_text("both, later", "1,2", served(&lab, &n, true, true));
	clock_after(2);
	check_text("over", "asks", served(&lab, &n, true, false));
	check_row("serve: NODATA alone says nothing");
	ttl_note(&lab.t, ref, FAMILY_V6, 0, 0);
	check_text("IPv6", "asks", served(&lab, &n, false, true));
	check_row("serve: the lesser TTL of two families");
	pins_refresh(&lab.t, &n, FAMILY_V4, addrs, 2, 100, NULL);
	pins_refresh(&lab.t, &n, FAMILY_V6, six, 1, 10, NULL);
	check_text("both", "1,2,v1", served(&lab, &n, true, true));
	clock_after(11);
	check_text("both, later", "asks", served(&lab, &n, true, true));
	check_row("serve: a TTL of 0, a name not known, no such setting");
	ttl_note(&lab.t, ref, FAMILY_V4, 2, 0);
	check_text("TTL 0", "asks", served(&lab, &n, true, false));
	const struct name other = lab_name("b");
	check_text("unknown", "asks", served(&lab, &other, true, false));
	check_row("serve: a pin that failed does not lead");
	ttl_note(&lab.t, ref, FAMILY_V4, 2, 60);
	pins_report_by_hand(&lab.t, &n, &addrs[0], false);
	check_text("the next one", "2,1", served(&lab, &n, true, false));
	settings_store(&lab.t, &none, NULL, 0, (const uint16_t[DNS_PORTS]){0});
	lab_close(&lab);
}

/* What was read before DNS was asked holds until its answer is in order. */
static void read_once(void)
{
	struct lab lab;
	struct name_ref ref;
	struct known known;
	const struct name n = lab_name("a"), other = lab_name("b");
	const struct address addrs[] = {lab_v4(1)};
	const struct settings_block none = {0}, off = {.given = 1u << SET_STICKY};
	const struct lookup fresh = {.name = &n}, l = {.name = &n, .known = &known};
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = 1, .addr = {addrs[0]}}};
	lab_open(&lab, 8);
	lab_lookup(&lab.t, &n, addrs, 1, &ref);
	check_row("settings: none are read where no TTL runs");
	check_number("of a name", ORDER_DNS, pins_source(&lab.t, &n, &known));
	check_true("its record", known.ref.key == ref.key && !known.has_settings);
	check_number("of none", ORDER_DNS, pins_source(&lab.t, &other, &known));
	check_true("no record", !known.ref.key && !known.has_settings);
	check_row("settings: where a TTL runs they are read once in a lookup");
	ttl_note(&lab.t, ref, FAMILY_V4, 1, 60);
	check_number("not served", ORDER_DNS, pins_source(&lab.t, &n, &known));
	settings_store(&lab.t, &off, NULL, 0, (const uint16_t[DNS_PORTS]){0});
	check_true("as they were", pins_order(&lab.t, &l, ORDER_DNS, pool, &ref) && pool[FAMILY_V4].lead == LEAD_AUTO);
	check_true("the next one reads the new ones", !pins_order(&lab.t, &fresh, ORDER_DNS, pool, &ref));
	settings_store(&lab.t, &none, NULL, 0, (const uint16_t[DNS_PORTS]){0});
	lab_close(&lab);
}

int main(void)
{
	SCRIPT_PLAY("capture", capture);
	SCRIPT_PLAY("absent", absence);
	SCRIPT_PLAY("made up", made_up);
	SCRIPT_PLAY("aside", asides);
	SCRIPT_PLAY("ways", ways);
	SCRIPT_PLAY("ageing", ageing);
	SCRIPT_PLAY("many addresses", many);
	most_of_all();
	const struct address v6 = lab_v6(1), target = {.words = {1, 2}, .scope = ADDRESS_TARGET | 5060};
	unfitting("an IPv6 address", &v6);
	unfitting("an SRV target", &target);
	dropped_meanwhile();
	SCRIPT_PLAY("DNS down", stale);
	serving();
	read_once();
	return check_done();
}
