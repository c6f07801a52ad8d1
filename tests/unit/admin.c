/* admin.c: pins by hand: set, lists, expiry, drop, refresh, reports. */
#include "tests/unit/script.h"

static const struct script_row set[] = {
	{"before any lookup", "set a 2 -> done; pin a -> 2 explicit; ask a 1,2,3 -> 2,1,3"},
	{"over an auto pin", "ask a 1,2; ok a 1 5060t; set a 2 -> done; pin a -> 2 explicit; ask a 1,2 -> 2,1"},
	{"an address outside DNS", "ask a 1,2; set a 9 -> done; ask a 1,2 -> +9,1,2; ask a 2,1 -> +9,2,1"},
	{"an answer without that family", "set a 9; ask a - -> +9; ask a -,v1 -> +9,v1"},
	{"the family is not asked for", "set a 9; ask a v1,v2 -> v1,v2"},
	{"both families", "set a 9; set a v9; ask a 1,v1 -> +9,1,+v9,v1; pin a -> 9 explicit, v9 explicit"},
	{"twice: the later", "set a 8; set a 9; ask a 1 -> +9,1; pin a -> 9 explicit"},
	{"survives a failure", "set a 9; ask a 1,2; fail a 9 5060t; ask a 1,2 -> +9,1,2; pin a -> 9 explicit"},
	{"survives a success elsewhere", "set a 9; ask a 1,2; ok a 1 5060t; ask a 1,2 -> +9,1,2"},
	{"events", "ask a 1; set a 9; events -> pinned 1, set 9"},
	{"nothing of the name before", "ask a 1,2; set a 9; drop a; ask a 2,1 -> 2,1"},
};

static const struct script_row list[] = {
	{"the first leads", "set a 7,8,9; ask a 1,2 -> +7,1,2; pin a -> 7 explicit"},
	{"the second while the first cools", "set a 7,8; ask a 1; ok a 7 5060t; fail a 7 5060t; lead a 1 -> +8; pin a -> 8 explicit; ok a 8 5060t; pin a -> 8 explicit 5060t"},
	{"the third", "set a 7,8,9; ask a 1; fail a 7 5060t; fail a 8 5060t; lead a 1 -> +9"},
	{"the first again, tried by one, when its cool-off is over", "set a 7,8; ask a 1; fail a 7 5060t; wait 37; lead a 1 -> +7; lead a 1 -> +8"},
	{"the first again when it succeeded", "set a 7,8; ask a 1; fail a 7 5060t; ok * 7 5060t; lead a 1 -> +7; lead a 1 -> +7"},
	{"all cool: the first", "set a 7,8; ask a 1; fail a 8 5060t; fail a 7 5060t; lead a 1 -> +7"},
	{"the others of it in the answer keep their places", "set a 3,2; ask a 1,2,3,4 -> 3,1,2,4"},
	{"8 of them", "set a 11,12,13,14,15,16,17,18; fail * 11 1t; fail * 12 1t; fail * 13 1t; fail * 14 1t; fail * 15 1t; fail * 16 1t; fail * 17 1t; lead a 1 -> +18"},
	{"8 over 16 candidates", "ask a 21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36; set a 11,12,13,14,15,16,17,18 -> done; fail * 11 1t; lead a 21 -> +12"},
	{"8 of each family", "set a 11,12,13,14,15,16,17,18 -> done; set a v11,v12,v13,v14,v15,v16,v17,v18 -> done; fail * 11 1t; fail * v11 1t; lead a 1 -> +12; lead a v1 -> +v12"},
	{"a new list replaces the old", "set a 7,8; set a 9,6; ask a 1; fail a 9 5060t; lead a 1 -> +6; fail a 6 5060t; lead a 1 -> +9"},
	{"a single address replaces a list", "set a 7,8; set a 9; ask a 1; fail a 9 5060t; lead a 1 -> +9"},
	{"lists of two families do not mix", "set a 7,8; set a v7,v8; ask a 1,v1; fail a 7 5060t; lead a 1 -> +8; lead a v1 -> +v7"},
	{"an address twice", "set a 7,7,8 -> done; ask a 1; fail a 7 5060t; lead a 1 -> +8"},
};

static const struct script_row adopt[] = {
	{"leads, tentative", "adopt a 2 -> done; pin a -> 2 tentative; events -> pinned 2; ask a 1,2,3 -> 2,1,3; ok a 2 5060t; pin a -> 2 confirmed 5060t"},
	{"each family", "adopt a 2; adopt a v2; ask a 1,2,v1,v2 -> 2,1,v2,v1"},
	{"not over an auto pin", "ask a 1,2; adopt a 2 -> done; pin a -> 1 tentative"},
	{"not over an explicit one", "set a 1; adopt a 2 -> done; pin a -> 1 explicit"},
	{"not one that cools off", "ask b 2,3; fail b 2 5060t; adopt a 2 -> done; pin a -> none; ask a 1,2 -> 1,2"},
	{"not a drained one", "drain 2; adopt a 2 -> done; pin a -> none"},
	{"moves when it fails", "adopt a 2; ask a 1,2; fail a 2 5060t; pin a -> 1 tentative"},
	{"is known of an outcome before any lookup", "adopt a 2; ok * 2 5060t; pin a -> 2 confirmed 5060t"},
	{"not in the answer: as any pin", "adopt a 9; ask a 1,2 -> +9,1,2; wait 301; ask a 1,2 -> 1,2"},
	{"of a service", "adopt _sip._udp.d b:5060; srv _sip._udp.d a:5060:10,b:5060:20 -> b:5060"},
};

static const struct script_row recall[] = {
	{"DNS is down before the first lookup", "adopt a 2; recall a 1,2,3 600 -> done; stale a -> 2,1,3"},
	{"without a pin", "recall a 1,2 600; stale a -> 1,2"},
	{"of both families", "recall a 1,v1 600; stale a -> 1,v1"},
	{"not when it was seen too long ago", "recall a 1,2 90000; stale a -> none"},
	{"its age goes on here", "recall a 1,2 86000; stale a -> 1,2; wait 500; stale a -> none"},
	{"not over a lap of the clock", "recall a 1,2 16777210; stale a -> none"},
	{"nor over several", "recall a 1,2 4294967295; stale a -> none"},
	{"steers to the pin", "adopt a 2; steer * 1 5060u -> asked; recall a 1,2 600; steer * 1 5060u -> 2:5060"},
	{"a pin moves before the first lookup", "adopt a 2; recall a 1,2 600; fail * 2 5060u; pin a -> 1 tentative"},
	{"is no answer", "recall a 1,2 600; ask a 3 -> 3; pin a -> 3 tentative"},
	{"what was seen since stays so", "ask a 1,2; wait 600; recall a 1,2,3 80000; wait 7000; stale a -> 1,2"},
	{"what was seen before is newer now", "ask a 1,2; wait 80000; recall a 1 10; wait 10000; stale a -> 1"},
	{"none of 16 that were seen since gives way",
	 "ask a 21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36; wait 100; recall a 1 200; stale a -> 21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36"},
	{"one of 16 that were seen before does", "ask a 21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36; wait 300; recall a 1 200; "
						 "steer a 1 5060u -> 21:5060"},
	{"a service: by priority", "recall _sip._udp.d a:5060:20,b:5060:10 600; recall a 1 600; recall b 2 600; adopt _sip._udp.d b:5060; fail * 2 5060u;"
				   "pin _sip._udp.d -> a:5060 tentative"},
	{"a service: what was published since stays so", "srv _sip._udp.d a:5060:10,b:5060:30,c:5060:20; recall _sip._udp.d b:5060:15,c:5060:40 600;"
							 "ask+ a 1; fail * 1 5060u; pin _sip._udp.d -> c:5060 tentative"},
};

static const struct script_row expiry[] = {
	{"holds until its end", "set a 9 60; ask a 1,2; wait 59; ask a 1,2 -> +9,1,2; pin a -> 9 explicit"},
	{"then the first address", "set a 9 60; ask a 1,2; wait 61; pin a -> none; ask a 2,1 -> 2,1; pin a -> 2 tentative"},
	{"then it may be the same", "set a 1 60; wait 61; ask a 1,2 -> 1,2; pin a -> 1 tentative"},
	{"of a list: the rest is forgotten too", "set a 7,8 60; ask a 1; wait 61; ask a 1,2 -> 1,2; fail a 1 5060t; pin a -> 2 tentative; ask a 1,2 -> 2,1"},
	{"the expired address is no refuge later", "set a 9 60; ask a 1; wait 61; ask a 1 -> 1; wait 1; ask a 1,2; fail a 1 5060t; pin a -> 2 tentative"},
	{"nor when DNS is down", "set a 9 60; ask a 1,2; wait 61; ask a 1,2; stale a -> 1,2"},
	{"set again without end", "set a 9 60; set a 9; wait 90; ask a 1 -> +9,1"},
	{"in an answer without the family", "set a 9 60; ask a -; wait 61; ask a - -> ; pin a -> none"},
	{"while DNS is down", "set a 9 60; ask a 1,2; wait 61; stale a -> 1,2; pin a -> 1 tentative"},
	{"0: never", "set a 9 0; wait 900000; ask a 1 -> +9,1"},
	{"a year", "set a 9 31536000; wait 31535999; ask a 1 -> +9,1; wait 2; ask a 1 -> 1"},
	{"events", "set a 9 60; ask a 1,2; events; wait 61; ask a 1,2; events -> expired 9, pinned 1"},
};

static const struct script_row drop[] = {
	{"the next lookup chooses anew", "ask a 1,2; drop a -> done; pin a -> no-name; ask a 2,1 -> 2,1"},
	{"a confirmed one", "ask a 1,2; ok a 1 5060t; drop a; ask a 2,1 -> 2,1; pin a -> 2 tentative"},
	{"an explicit one and its list", "set a 7,8; drop a; ask a 1,2 -> 1,2; fail a 1 5060t; pin a -> 2 tentative"},
	{"an unknown one", "drop a -> no-name"},
	{"twice", "ask a 1; drop a -> done; drop a -> no-name"},
	{"leaves the health of its addresses", "ask a 1,2; fail a 1 5060t; drop a; ask a 1,2 -> 2,1"},
	{"what was confirmed before does not come back", "ask a 1,2,3; ok a 1 5060t; drop a; ask a 2,3; fail a 2 1t; fail a 3 1t; pin a -> 3 tentative"},
	{"a hundred times", "ask a 1,2; drop a; ask a 2,1 -> 2,1; drop a; ask a 1,2 -> 1,2; drop a; ask a 2,1 -> 2,1; drop a; ask a 1,2 -> 1,2; drop a; pin a -> no-name"},
	{"nothing of an owner 16 times ago comes back",
	 "ask a 1,2,3,4; drop a;"
	 "ask a 31; drop a; ask a 31; drop a; ask a 31; drop a; ask a 31; drop a; ask a 31; drop a;"
	 "ask a 31; drop a; ask a 31; drop a; ask a 31; drop a; ask a 31; drop a; ask a 31; drop a;"
	 "ask a 31; drop a; ask a 31; drop a; ask a 31; drop a; ask a 31; drop a; ask a 31; drop a;"
	 "ask a 31; stale a -> 31"},
	{"events", "ask a 1; drop a; events -> pinned 1, dropped 1"},
	{"events, of each family", "ask a 1,2,v1,v2; events; drop a; events -> dropped 1, dropped v1"},
	{"events, of the address that a list led to", "set a 7,8; ask a 1; fail a 7 5060t; events; drop a; events -> dropped 8"},
	{"events, of a target", "srv _sip._udp.d b:5060:10; events; drop _sip._udp.d; events -> dropped b:5060"},
	{"events, of a name without a pin", "ask a 1; refresh a - 60; events; drop a; events -> dropped "},
	{"events, of a pin that was over", "set a 9 60; events; wait 61; drop a; events -> dropped "},
};

static const struct script_row refresh[] = {
	{"what is still published stays", "ask a 1,2; ok a 1 5060t; refresh a 2,1 60 -> done; pin a -> 1 confirmed 5060t"},
	{"a pin that left DNS is dropped at once", "ask a 1,2; ok a 1 5060t; refresh a 2,3 60 -> dropped; pin a -> none; ask a 3,2 -> 3,2"},
	{"an explicit one stays", "set a 9; ask a 1,2; refresh a 2,3 60 -> done; pin a -> 9 explicit; ask a 2,3 -> +9,2,3"},
	{"an unknown name", "refresh a 1,2 60 -> done; pin a -> none; ask a 2,1 -> 2,1"},
	{"nothing published any more", "ask a 1,2; refresh a - 60 -> dropped; pin a -> none"},
	{"one family only", "ask a 1,2,v1,v2; refresh a 3 60 -> dropped; pin a -> v1 tentative"},
	{"ends the grace of one that is back", "ask a 1,2; ok a 1 80t; ask a 2,3; wait 299; refresh a 1,2 60; wait 2; ask a 2,3 -> +1,2,3; wait 200; ask a 2,3 -> +1,2,3"},
	{"ends DNS down", "ask a 1,2; stale a; refresh a 1,2 60; down a -> no"},
	{"what left DNS is no refuge", "ask a 1,2,3; ok a 1 5060t; refresh a 1,3 60; fail a 1 5060t; pin a -> 3 tentative"},
	{"nor when DNS is down", "ask a 1,2,3; refresh a 1,3 60; stale a -> 1,3"},
	{"events", "ask a 1,2; events; refresh a 2,3 60; events -> dropped 1"},
	{"twice", "ask a 1,2; refresh a 2,3 60 -> dropped; refresh a 2,3 60 -> done"},
};

static const struct script_row report[] = {
	{"fail moves the pin", "ask a 1,2; report a fail 1 -> done; pin a -> 2 tentative; ask a 1,2 -> 2,1"},
	{"fail moves a confirmed pin", "ask a 1,2; ok a 1 5060t; report a fail 1 -> done; pin a -> 2 tentative; healthy a 1 -> no; ask a 1,2 -> 2,1"},
	{"fail elsewhere keeps it away", "ask a 1,2,3; ok a 1 5060t; report a fail 2 -> done; pin a -> 1 confirmed 5060t; ask a 2,3,1 -> 1,3,2"},
	{"fail of an explicit pin", "set a 9; ask a 1; report a fail 9 -> done; pin a -> 9 explicit; healthy a 9 -> no"},
	{"fail in a list", "set a 8,9; ask a 1; report a fail 8; lead a 1 -> +9; report a ok 8; lead a 1 -> +8"},
	{"ok ends the cool-off", "ask a 1,2; fail a 1 5060t; report a ok 1 -> done; healthy a 1 -> yes; cool 1 5060t -> fit"},
	{"ok after fail", "ask a 1,2; report a fail 1; report a ok 1 -> done; healthy a 1 -> yes"},
	{"ok after fail, of several endpoints", "ask a 1,2; ok a 1 1t; ok a 1 2t; report a fail 1; report a ok 1; healthy a 1 -> yes; cool 1 1t -> fit; cool 1 2t -> fit"},
	{"ok ends it for a name that knows a port", "ask a 1,2; ok a 1 5060t; report a fail 1; ask a:5060t 1,2 -> 2,1; report a ok 1; ask b:5060t 1,2 -> 1,2"},
	{"a fail without endpoints: one tries after the cool-off", "set a 7,8; ask a 1; report a fail 7; lead a 1 -> +8; wait 40; lead a 1 -> +7; lead a 1 -> +8; wait 31; lead a 1 -> +7"},
	{"an unknown name", "report a fail 1 -> no-name"},
	{"an address that is not its own", "ask a 1,2; ask b 3; report a fail 3 -> no-address; report a fail 9 -> no-address"},
};

int main(void)
{
	SCRIPT_PLAY("adopted", adopt);
	SCRIPT_PLAY("set", set);
	SCRIPT_PLAY("preference list", list);
	SCRIPT_PLAY("recalled", recall);
	SCRIPT_PLAY("expiry", expiry);
	SCRIPT_PLAY("drop", drop);
	SCRIPT_PLAY("refresh", refresh);
	SCRIPT_PLAY("report", report);
	return check_done();
}
