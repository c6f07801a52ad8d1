/*
 * services.c: SRV services over a real table: which target leads, when it moves,
 * and that it returns only to a better priority.
 */
#include "tests/unit/script.h"

#define S "_sip._udp.d"
#define T "_sip._tcp.d"

static const struct script_row choice[] = {
	{"the lowest priority", "srv " S " a:5060:20,b:5060:10,c:5060:30 -> b:5060; pin " S " -> b:5060 tentative"},
	{"the same target at another port is another one", "srv " S " a:5070:10,a:5060:20 -> a:5070"},
	{"sticks when the answer turns", "srv " S " a:5060:10,b:5060:10; set " S " a:5060; drop " S
					 "; srv " S " b:5060:10; srv " S " a:5060:10,b:5060:10 -> b:5060"},
	{"one that fails gives way to its equal", "srv " S " a:5060:10,c:5060:20; ask+ a 1; fail " S "+a 1 5060u; srv " S
						  " a:5060:10,c:5060:20 -> c:5060"},
	{"of 20 targets the best 8 are kept, and all are answered",
	 "srv " S " a:1:20,a:2:19,a:3:18,a:4:17,a:5:16,a:6:15,a:7:14,a:8:13,a:9:12,a:10:11,a:11:10,a:12:9 -> a:12;"
	 "pin " S " -> a:12 tentative"},
	{"a plain name has no targets", "srv d a:5060 -> none"},
	{"a service has no addresses", "ask " S " 1,2 -> untouched"},
};

static const struct script_row confirm[] = {
	{"a success of an address of the target", "srv " S " a:5060:10,b:5060:20; ask+ a 1,2; ok " S "+a 1 5060u;"
						  "pin " S " -> a:5060 confirmed 5060u; pin a -> 1 confirmed 5060u"},
	{"over another transport too, for it is the same server", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ok " S "+a 1 5060t;"
								  "pin " S " -> a:5060 confirmed 5060t"},
	{"not on another port", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ok " S "+a 1 443t; pin " S " -> a:5060 tentative"},
	{"of the other target moves a tentative pin", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ask+ b 2; ok " S "+a+b 2 5060u;"
						      "pin " S " -> b:5060 confirmed 5060u"},
	{"but no confirmed one", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ask+ b 2; ok " S "+a 1 5060u; ok " S "+b 2 5060u;"
				 "pin " S " -> a:5060 confirmed 5060u"},
	{"by a process that looked nothing up", "srv " S " a:5060:10; ask+ a 1; ok * 1 5060u; pin " S " -> a:5060 confirmed 5060u"},
};

static const struct script_row failure[] = {
	{"of the only address moves the pin", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ok " S "+a 1 5060u; fail " S "+a 1 5060u;"
					      "pin " S " -> b:5060 tentative"},
	{"of one of two addresses does not", "srv " S " a:5060:10,b:5060:20; ask+ a 1,2; ok " S "+a 1 5060u; fail " S "+a 1 5060u;"
					     "pin " S " -> a:5060 confirmed 5060u; pin a -> 2 tentative"},
	{"of both does", "srv " S " a:5060:10,b:5060:20; ask+ a 1,2; ok " S "+a 1 5060u; fail " S "+a 1 5060u;"
			 "fail " S "+a 2 5060u; pin " S " -> b:5060 tentative"},
	{"of an address of the other family counts as one of it", "srv " S " a:5060:10,b:5060:20; ask+ a 1,v1; fail " S "+a 1 5060u;"
								  "pin " S " -> a:5060 tentative; fail " S "+a v1 5060u;"
								  "pin " S " -> b:5060 tentative"},
	{"over TCP does not move what UDP confirmed", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ok " S "+a 1 5060u;"
						      "fail " S "+a 1 5060t; pin " S " -> a:5060 confirmed 5060u"},
	{"over the transport that confirmed it, whatever its name says", "srv " T " a:5060:10,b:5060:20; ask+ a 1; ok " T "+a 1 5060u;"
									  "fail " T "+a 1 5060t; pin " T " -> a:5060 confirmed 5060u;"
									  "fail " T "+a 1 5060u; pin " T " -> b:5060 tentative"},
	{"of another port does not", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ok " S "+a 1 5060u; fail " S "+a 1 443t;"
				     "pin " S " -> a:5060 confirmed 5060u"},
	{"goes on by priority", "srv " S " a:5060:10,b:5060:30,c:5060:20; ask+ a 1; ask+ c 3; fail " S "+a 1 5060u;"
				"pin " S " -> c:5060 tentative; fail " S "+c 3 5060u; pin " S " -> b:5060 tentative"},
	{"by hand, of the host's address", "srv " S " a:5060:10,b:5060:20; ask+ a 1; report a fail 1; srv " S " a:5060:10,b:5060:20 -> b:5060;"
					   "pin " S " -> b:5060 tentative"},
	{"known of the address before the target was", "ask x 1,9; ok x 1 5060u; fail x 1 5060u; ask a 1;"
						       "srv " S " a:5060:10,b:5060:20 -> b:5060"},
	{"never moves a pin set by hand", "srv " S " a:5060:10,b:5060:20; set " S " a:5060; ask+ a 1; fail " S "+a 1 5060u;"
					  "pin " S " -> a:5060 explicit"},
	{"of every target: the last confirmed one returns",
	 "srv " S " a:5060:10,b:5060:20; ask+ a 1; ask+ b 2; ok " S "+a 1 5060u; fail " S "+a 1 5060u; fail " S "+b 2 5060u;"
	 "pin " S " -> a:5060 tentative"},
	{"events", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ok " S "+a 1 5060u; events; fail " S "+a 1 5060u;"
		   "events -> failed 1, failed a:5060, moved b:5060"},
};

static const struct script_row failback[] = {
	{"not before its time", "srv " S " a:5060:10,b:5060:20; ask+ a 1; fail " S "+a 1 5060u; ask+ b 2; ok " S "+b 2 5060u;"
				"wait 500; srv " S " a:5060:10,b:5060:20 -> b:5060"},
	{"after 10 minutes", "srv " S " a:5060:10,b:5060:20; ask+ a 1; fail " S "+a 1 5060u; ask+ b 2; ok " S "+b 2 5060u;"
			     "wait 601; srv " S " a:5060:10,b:5060:20 -> a:5060; pin " S " -> a:5060 tentative"},
	{"as set", "opt failback 100; srv " S " a:5060:10,b:5060:20; ask+ a 1; fail " S "+a 1 5060u;"
		   "wait 101; srv " S " a:5060:10,b:5060:20 -> a:5060"},
	{"off", "opt failback off; srv " S " a:5060:10,b:5060:20; ask+ a 1; fail " S "+a 1 5060u;"
		"wait 5000; srv " S " a:5060:10,b:5060:20 -> b:5060"},
	{"never between equals", "srv " S " a:5060:10; srv " S " a:5060:10,b:5060:10; ask+ a 1; fail " S "+a 1 5060u;"
				 "wait 5000; srv " S " a:5060:10,b:5060:10 -> b:5060"},
	{"not to one that cools", "opt failback 10; srv " S " a:5060:10,b:5060:20; ask+ a 1; fail " S "+a 1 5060u;"
				  "wait 12; srv " S " a:5060:10,b:5060:20 -> b:5060"},
	{"of a pin by hand: never", "srv " S " a:5060:10,b:5060:20; set " S " b:5060; wait 5000; srv " S " a:5060:10,b:5060:20 -> b:5060"},
	{"tried again, and failed again: back for another 10 minutes",
	 "srv " S " a:5060:10,b:5060:20; ask+ a 1; fail " S "+a 1 5060u; ask+ b 2; ok " S "+b 2 5060u; wait 601;"
	 "srv " S " a:5060:10,b:5060:20 -> a:5060; fail " S "+a 1 5060u; srv " S " a:5060:10,b:5060:20 -> b:5060;"
	 "wait 300; srv " S " a:5060:10,b:5060:20 -> b:5060"},
};

static const struct script_row beside[] = {
	{"an address counts inside the domain", "srv " S " a.d:5060:10; beside " S " a.d 1 -> done; pin a.d -> 1 tentative"},
	{"of the domain itself", "beside " S " d 1 -> done; pin d -> 1 tentative"},
	{"not of another domain", "srv " S " a.e:5060:10; beside " S " a.e 1 -> untouched; pin a.e -> none"},
	{"nor of one whose name only ends like it", "beside " S " ad 1 -> untouched"},
	{"nor of the domain above", "beside _sip._udp.b.d d 1 -> untouched; beside _sip._udp.b.d a.d 1 -> untouched"},
	{"nothing is added to a name's own answer", "ask a.d 1,2; beside " S " a.d 3 -> done; healthy a.d 3 -> none; ask a.d 2,1 -> 1,2"},
	{"nor to a pin by hand", "ask a.d 1; set a.d 1; beside " S " a.d 2; fail a.d 1 5060u; lead a.d 1 -> 1"},
	{"its own answer comes later: that holds", "beside " S " a.d 1; ask a.d 2,3; beside " S " a.d 4; healthy a.d 4 -> none"},
	{"refreshed is its own answer", "refresh a.d 1 60; beside " S " a.d 2; healthy a.d 2 -> none"},
	{"the port of another domain's service is not noted", "srv " S " a.d:5070:10; ask+ a.d 1,2; srv _sip._udp.e a.d:9999:10;"
							      "steer * 2 5070u -> 1:5070"},
	{"nor of one that came first", "srv _sip._udp.e a.d:9999:10; srv " S " a.d:5070:10; ask+ a.d 1,2; steer " S "+a.d 2 5070u -> 1:5070"},
};

static const struct script_row siblings[] = {
	{"a new service takes the target of another one", "srv " S " a:5060:20; srv " T " b:5060:10,a:5060:10 -> a:5060"},
	{"whatever its port and priority", "srv " S " a:5060:20; srv _sips._tcp.d b:5061:10,a:5061:20 -> a:5061"},
	{"not one that cools", "srv " S " a:5060:10; ask+ a 1; fail " S "+a 1 5060t; srv " T " a:5060:20,b:5060:10 -> b:5060"},
	{"of another domain: no", "srv _sip._udp.other a:5060:20; srv " T " b:5060:10,a:5060:20 -> b:5060"},
	{"of another kind of service: no", "srv _xmpp._tcp.d a:5060:20; srv " T " b:5060:10,a:5060:20 -> b:5060"},
};

static const struct script_row hand[] = {
	{"set", "srv " S " a:5060:10,b:5060:20; set " S " b:5060 -> done; srv " S " a:5060:10,b:5060:20 -> b:5060"},
	{"a target that DNS does not name leads nothing there", "set " S " z:5060; srv " S " a:5060:10 -> none; pin " S " -> z:5060 explicit"},
	{"a list", "set " S " b:5060,c:5070; srv " S " a:5060:10,b:5060:20,c:5070:30 -> b:5060; ask+ b 2; fail " S "+b 2 5060u;"
		   "srv " S " a:5060:10,b:5060:20,c:5070:30 -> c:5070"},
	{"drop", "srv " S " a:5060:10; drop " S " -> done; pin " S " -> no-name"},
	{"refresh drops what is not published", "srv " S " a:5060:10; refresh " S " b:5060 60 -> dropped; pin " S " -> none"},
	{"refresh by SRV learns no pin", "refresh-srv " S " a:5060:20,b:5061:10 -> done; pin " S " -> none; ports " S " -> 5061,5060"},
	{"and renews one", "srv " S " a:5060:10; refresh-srv " S " b:5061:10,a:5060:10 -> done; pin " S " -> a:5060 tentative"},
	{"and drops one that is not published", "srv " S " a:5060:10; refresh-srv " S " a:5061:10 -> dropped; pin " S " -> none"},
	{"and all when there is none", "srv " S " a:5060:10; refresh-srv " S " - -> dropped; pin " S " -> none"},
	{"but none by hand", "set " S " a:5060; refresh-srv " S " b:5060:10 -> done; pin " S " -> a:5060 explicit"},
	{"of a hundred it keeps the best, wherever they are", "refresh-srv " S " a:1000:20*92,b:1:10*8 -> done; ports " S " -> 1,2,3,4,5,6,7,8"},
	{"and one behind a hundred is published", "srv " S " b:1:30; refresh-srv " S " a:1000:20*92,b:1:30 -> done; pin " S " -> b:1 tentative"},
	{"a drained host is left at once", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ask+ b 2; drain 1; pin " S " -> b:5060 tentative"},
	{"not while it has another address", "srv " S " a:5060:10,b:5060:20; ask+ a 1,3; drain 1; pin " S " -> a:5060 tentative; drain 3; pin " S " -> b:5060 tentative"},
	{"fail and ok", "srv " S " a:5060:10,b:5060:20; report " S " fail a:5060 -> done; healthy " S " a:5060 -> no;"
			"report " S " ok a:5060 -> done; healthy " S " a:5060 -> yes"},
	{"fail is of the target's port", "srv " S " a:5060:10,a:5070:20; report " S " fail a:5060; healthy " S " a:5070 -> yes"},
	{"a target without a fit address is not fit", "srv " S " a:5060:10,b:5060:20; ask+ a 1; ok a 1 5060u; ask x 1; drop " S ";"
						     "fail x 1 5060u; refresh-srv " S " a:5060:10 -> done; healthy " S " a:5060 -> no"},
	{"and ok of it is ok of its addresses", "srv " S " a:5060:10; ask+ a 1,2; fail a 1 5060u; fail a 2 5060u; healthy " S " a:5060 -> no;"
						"report " S " ok a:5060; healthy " S " a:5060 -> yes; cool 1 5060u -> fit; cool 2 5060u -> fit"},
	{"but leaves one alone beside a fit one", "srv " S " a:5060:10; ask+ a 1,2; fail a 1 5060u; report " S " ok a:5060; cool 1 5060u -> 24..36"},
	{"fail", "srv " S " a:5060:10,b:5060:20; report " S " fail a:5060 -> done; srv " S " a:5060:10,b:5060:20 -> b:5060"},
};

static const struct script_row absent[] = {
	{"kept for 5 minutes and then left", "srv " S " a:5060:10; srv " S " b:5060:10 -> none; wait 301; srv " S " b:5060:10 -> b:5060"},
	{"back in the answer in time", "srv " S " a:5060:10; srv " S " b:5060:10; wait 200; srv " S " a:5060:10,b:5060:10 -> a:5060;"
				       "wait 200; srv " S " b:5060:10 -> none"},
};

static const struct script_row broken[] = {
	{"a reset leaves the pin in doubt", "ask a 1,2; ok a 1 5060t; broken a 1 5060t; pin a -> 1 tentative; ask a 2,1 -> 1,2"},
	{"and the next failure moves it, whatever its port", "ask a 1,2; ok a 1 5060t; broken a 1 5060t; fail a 1 443t; pin a -> 2 tentative"},
	{"and the next success settles it", "ask a 1,2; ok a 1 5060t; broken a 1 5060t; ok a 1 5060t; pin a -> 1 confirmed 5060t"},
	{"of another endpoint: nothing", "ask a 1,2; ok a 1 5060t; fail a 1 443t; broken a 1 443t; pin a -> 1 confirmed 5060t"},
	{"of another address: nothing", "ask a 1,2; ok a 1 5060t; broken a 2 5060t; pin a -> 1 confirmed 5060t"},
	{"of a pin by hand: nothing", "ask a 1,2; set a 1; ok a 1 5060t; broken a 1 5060t; pin a -> 1 explicit 5060t"},
	{"of a service", "srv " T " a:5060:10,b:5060:20; ask+ a 1; ok " T "+a 1 5060t; broken " T "+a 1 5060t; pin " T " -> a:5060 tentative"},
	{"is an event", "ask a 1,2; ok a 1 5060t; events; broken a 1 5060t; events -> pinned 1"},
};

static void no_port(void)
{
	struct script s = {0};
	struct address a;
	const struct name host = lab_name("a");
	lab_open(&s.lab, 64);
	check_row("a record with port 0");
	check_true("is no target", !pins_target(&s.lab.t, NULL, &host, 0, &a));
	lab_close(&s.lab);
}

static const struct script_row hosts[] = {
	{"dropped, keeps its name as a target", "srv " S " a:5060:10; ask+ a 1,2; drop a -> done; pin a -> none; pin " S " -> a:5060 tentative"},
	{"and nothing else", "srv " S " a:5060:10; ask+ a 1,2; drop a; ask+ a 2,1 -> 2,1"},
	{"twice", "srv " S " a:5060:10; drop a -> done; drop a -> done; pin " S " -> a:5060 tentative"},
	{"of any port", "srv " S " a:5090:10; drop a; pin " S " -> a:5090 tentative; drop a; pin " S " -> a:5090 tentative"},
	{"of one service that is gone and another", "srv " S " a:5060:10; srv " T " a:5090:10; drop " T "; drop a; pin " S " -> a:5060 tentative"},
	{"of a target set by hand", "set " S " a:5090; drop a; pin " S " -> a:5090 explicit"},
	{"of one in a list", "set " S " a:5090,b:5090; drop b; report " S " fail a:5090; pin " S " -> b:5090 explicit"},
	{"is forgotten when no service leads to it any more", "srv " S " a:5060:10; drop " S "; drop a; pin a -> no-name"},
	{"is forgotten where none ever did", "srv " S " a:5060:10; ask b 2; drop b; pin b -> no-name"},
};

/* 300 names are looked up, 5 s after each other, in a table for 8. */
static unsigned crowd(struct lab *lab, unsigned from)
{
	unsigned served = 0;
	for (unsigned k = from; k < from + 300; k++) {
		char text[16];
		struct name_ref ref;
		snprintf(text, sizeof text, "host%u", k);
		const struct name n = lab_name(text);
		const struct address a = lab_v4(1000 + k), lead = lab_lookup(&lab->t, &n, &a, 1, &ref);
		clock_after(5);
		served += address_equal(&a, &lead);
	}
	return served;
}

/* A pin by hand to a target would have no name without the record of its host. */
static void hosts_stay(void)
{
	struct lab lab;
	struct address target;
	struct name_ref ref;
	char text[TARGET_TEXT];
	const struct address a = lab_v4(1);
	const struct name service = lab_name(S), host = lab_name("sbc1");
	lab_open(&lab, 8);
	pins_target(&lab.t, NULL, &host, 5090, &target);
	pins_set(&lab.t, &service, &target, 1, 0);
	lab_lookup(&lab.t, &host, &a, 1, &ref);

	check_row("a full table: the host of a service never gives way");
	check_number("others served meanwhile", 300, crowd(&lab, 0));
	target_format(&lab.t, &target, text);
	check_text("the target", "sbc1:5090", text);

	check_row("it does when the service is gone");
	pins_drop(&lab.t, &service);
	check_number("others served meanwhile", 300, crowd(&lab, 300));
	target_format(&lab.t, &target, text);
	check_text("the target", "?:5090", text);
	lab_close(&lab);
}

int main(void)
{
	SCRIPT_PLAY("the first choice", choice);
	SCRIPT_PLAY("a success", confirm);
	SCRIPT_PLAY("a failure", failure);
	SCRIPT_PLAY("fail-back", failback);
	SCRIPT_PLAY("what came beside an answer", beside);
	SCRIPT_PLAY("services of one domain", siblings);
	SCRIPT_PLAY("by hand", hand);
	SCRIPT_PLAY("absent from DNS", absent);
	SCRIPT_PLAY("a broken connection", broken);
	no_port();
	SCRIPT_PLAY("a host", hosts);
	hosts_stay();
	return check_done();
}
