/* steer.c: where what is sent to a candidate goes: pins_redirect over a real table. */
#include "policy/table/effective.h"
#include "tests/unit/script.h"

#define S "_sip._udp.d"
#define T "_sip._tcp.d"

static const struct script_row names[] = {
	{"to the pin", "ask a 1,2,3; steer a 2 5060u -> 1:5060; steer a 3 5060t -> 1:5060"},
	{"the pin itself stays", "ask a 1,2; steer a 1 5060u -> asked"},
	{"follows a move", "ask a 1,2,3; fail a 1 5060u; steer a 1 5060u -> 2:5060; steer a 3 5060u -> 2:5060; steer a 2 5060u -> asked"},
	{"by a process that looked nothing up", "ask a 1,2; steer * 2 5060u -> 1:5060"},
	{"no candidate", "ask a 1,2; steer a 9 5060u -> asked"},
	{"within its family", "ask a 1,2,v1,v2; steer a v2 5060u -> v1:5060"},
	{"the other family has no pin", "ask a 1,2; ask b v1; steer a v1 5060u -> asked"},
	{"to a list's present address", "ask a 1,2,3; set a 3,2; steer a 1 5060u -> 3:5060; report a fail 3; steer a 1 5060u -> 2:5060"},
	{"to a pin by hand though it fails", "ask a 1,2; set a 1; fail a 1 5060u; steer a 2 5060u -> 1:5060"},
	{"not to an auto pin that cools", "ask a 1,2; fail a 1 5060u; fail a 2 5060u; steer a 2 5060u -> asked"},
	{"nor to one whose name is idle", "opt idle 100; ask a 1,2; wait 200; steer a 2 5060u -> asked"},
};

static const struct script_row ports[] = {
	{"5060 and 5061", "ask a 1,2; steer a 2 5060t -> 1:5060; steer a 2 5061t -> 1:5061; steer a 2 5062t -> asked"},
	{"443: no", "ask a 1,2; steer a 2 443t -> asked"},
	{"one where SIP was heard", "ask a 1,2; ok a 2 5080u; steer a 1 5080u -> asked"},
	{"any other datagram: no", "ask a 1,2; steer-any a 2 5060u -> asked"},
	{"steer = on: all", "opt steer 1; ask a 1,2; steer a 2 443t -> 1:443; steer-any a 2 4000u -> 1:4000"},
	{"steer = off: none", "opt steer 2; ask a 1,2; steer a 2 5060u -> asked"},
	{"sticky = off: none", "ask a 1,2; opt sticky 0; steer a 2 5060u -> asked"},
};

static const struct script_row several[] = {
	{"two names that agree", "ask a 1,2; ask b 1,2; steer * 2 5060u -> 1:5060"},
	{"two that do not", "ask a 1,2; ask b 2,1; steer * 1 5060u -> asked; steer * 2 5060u -> asked"},
	{"the process's own decides", "ask a 1,2; ask b 2,1; steer a 2 5060u -> 1:5060; steer b 1 5060u -> 2:5060"},
	{"two of its own that disagree", "ask a 1,2; ask b 2,1; steer a+b 2 5060u -> asked"},
	{"one of steer = off with another one", "ask a 1,2; ask b 1,2; steer a+b 2 5060u -> 1:5060"},
};

static const struct script_row outsiders[] = {
	{"a confirmed name outranks one that DNS answered for", "ask a 1,2,3; ok a 1 5060u; ask z 2,9; steer a+z 2 5060u -> 1:5060"},
	{"for who looked up neither, too", "ask a 1,2,3; ok a 1 5060u; ask z 2,9; steer * 2 5060u -> 1:5060"},
	{"its pin is not confirmed by the other's answers", "ask a 1,2; ok a 1 5060u; ask z 1,9; ok a+z 1 5060u; pin z -> 1 tentative"},
	{"nor where it came first", "ask z 1,9; ask a 1,2; ok a 1 5060u; ok a+z 1 5060u; pin z -> 1 tentative; pin a -> 1 confirmed 5060u"},
	{"alone it is", "ask a 1,2; ok a 1 5060u; ask z 1,9; ok z 1 5060u; pin z -> 1 confirmed 5060u"},
	{"a failure is the server's, and moves both", "ask a 1,2; ok a 1 5060u; ask z 1,9; fail a+z 1 5060u; pin a -> 2 tentative; pin z -> 9 tentative"},
	{"for who looked up the outsider's alone it is as asked: it may have forgotten the other", "ask a 1,2,3; ok a 1 5060u; ask z 2,9; steer z 2 5060u -> asked"},
	{"also to the pin", "ask a 1,2,3; ok a 1 5060u; ask z 9,1,2; steer z 1 5060u -> asked"},
	{"though the outsider's has answered, where the other has a pin by hand",
	 "ask a 1,2; set a 1; ask z 9,2; ok z 9 5060u; steer z 2 5060u -> asked"},
	{"two that lead to the same", "ask a 1,2; ok a 1 5060u; ask z 1,2; steer z 2 5060u -> 1:5060"},
	{"who stands as high leads its own programs", "ask a 1,2; ok a 1 5060u; ask z 9,2; ok z 9 5060u; steer z 2 5060u -> 9:5060"},
	{"a pin by hand outranks a confirmed one", "ask a 1,2; ok a 1 5060u; ask z 2,9; set z 9; steer a+z 2 5060u -> 9:5060"},
	{"one that was confirmed again and again outranks one that was once",
	 "ask a 1,2; ok a 1 5060u; wait 150; ok a 1 5060u; ask z 9,2; ok z 9 5060u; steer a+z 2 5060u -> 1:5060"},
	{"two confirmed ones that disagree", "ask a 1,2; ok a 1 5060u; ask z 9,2; ok z 9 5060u; steer a+z 2 5060u -> asked"},
	{"a service of another domain has no say over a confirmed host",
	 "ask a.d 1,2; ok a.d 1 5060u; srv _sip._udp.e z.e:5060:10,a.d:5060:20; ask+ z.e 9; steer _sip._udp.e+a.d 2 5060u -> 1:5060"},
	{"over one that nobody asked for for itself it has",
	 "srv _sip._udp.e z.e:5060:10,a.d:5060:20; ask+ z.e 9; ask+ a.d 1,2; steer _sip._udp.e+a.d 2 5060u -> 9:5060"},
};

static const struct script_row services[] = {
	{"to the pinned target's address and port", "srv " S " a:5060:10,b:5070:20; ask+ a 1; ask+ b 2; steer " S "+a+b 2 5070u -> 1:5060"},
	{"the other way round", "srv " S " b:5070:10,a:5060:20; ask+ a 1; ask+ b 2; steer " S "+a+b 1 5060u -> 2:5070"},
	{"within the target", "srv " S " a:5060:10; ask+ a 1,2; steer " S "+a 2 5060u -> 1:5060"},
	{"after it moved", "srv " S " a:5060:10,b:5070:20; ask+ a 1; ask+ b 2; fail " S "+a 1 5060u; steer " S "+a+b 1 5060u -> 2:5070"},
	{"by a process that looked nothing up", "srv " S " a:5060:10,b:5070:20; ask+ a 1; ask+ b 2; steer * 2 5070u -> 1:5060"},
	{"a target asked for for itself keeps its own", "srv " S " a:5060:10,b:5070:20; ask+ a 1; ask b 2,3; steer b 3 5070u -> 2:5070"},
	{"unless this process asked for the service", "srv " S " a:5060:10,b:5070:20; ask+ a 1; ask b 2,3; steer " S "+b 3 5070u -> 1:5060"},
	{"both, by nobody in particular: they disagree", "srv " S " a:5060:10,b:5070:20; ask+ a 1; ask b 2; steer * 2 5070u -> asked"},
	{"another transport's service has no say", "srv " T " a:5060:10,b:5060:20; ask+ a 1; ask+ b 2; steer * 2 5060t -> 1:5060;"
						   "steer * 2 5060u -> asked"},
	{"but where this process asked for it", "srv " T " a:5060:10,b:5060:20; ask+ a 1; ask+ b 2; steer " T "+a+b 2 5060u -> 1:5060"},
	{"unless it asked for the right one, too", "srv " T " a:5060:10,b:5060:20; srv " S " b:5060:10; ask+ a 1; ask+ b 2;"
						   "steer " T "+" S "+a+b 2 5060u -> asked"},
	{"another port of a target is not the service's", "srv " S " a:5070:10,b:5070:20; ask+ a 1; ask+ b 2; steer " S "+a+b 2 5071u -> asked"},
	{"a pinned target whose addresses nobody asked for", "srv " S " a:5060:10,b:5060:20; ask+ b 2; steer " S "+b 2 5060u -> asked"},
	{"a pin by hand to a target that DNS does not name", "srv " S " a:5060:10; ask+ a 1; ask z 7,8; set " S " z:5090; steer " S "+a 1 5060u -> 7:5090"},
};

/* ---- who asked for what ---- */

static const char *wanted;		/* names, each one letter, that the program wants */
static const char *was_given;		/* name and address, "a1b2" */

static bool wants(const struct name *n) { return strchr(wanted, n->text[0]) != NULL; }

static bool gave(const struct name *n, const struct address *a)
{
	for (const char *p = was_given; *p; p += 2) {
		const struct address given = lab_v4((unsigned)(p[1] - '0'));
		if (p[0] == n->text[0] && address_equal(&given, a))
			return true;
	}
	return false;
}

/* Names a and b on 1, 2, 3 are pinned to 1 and 2, c on 4 alone. `setting`: of a. */
static void askers(void)
{
	static const struct {
		const char *rule, *wanted, *given;
		uint32_t steer, sticky;
		unsigned at, to;	/* 0: as asked */
		bool concerns;
	} rows[] = {
		{"given by the one name", "abc", "a3", STEER_SIP, 1, 3, 1, true},
		{"by the other", "abc", "b3", STEER_SIP, 1, 3, 2, true},
		{"by both: the one with a host block counts", "abc", "a3b3", STEER_SIP, 1, 3, 1, true},
		{"by none", "abc", "a1b2", STEER_SIP, 1, 3, 0, true},
		{"by none, steer = on", "abc", "", STEER_ON, 1, 3, 1, true},
		{"by one, the other has a host block and is steer = on", "abc", "b3", STEER_ON, 1, 3, 1, true},
		{"given, and not wanted", "bc", "a3", STEER_SIP, 1, 3, 0, true},
		{"not wanted, steer = on", "bc", "", STEER_ON, 1, 3, 0, true},
		{"none of its names is wanted", "c", "a3b3", STEER_SIP, 1, 3, 0, false},
		{"the only one wanted is not sticky", "ac", "a3b3", STEER_SIP, 0, 3, 0, false},
		{"another one is", "abc", "b3", STEER_SIP, 0, 3, 2, true},
		{"no name holds it", "abc", "", STEER_SIP, 1, 4, 0, true},
		{"nobody holds it any more", "abc", "", STEER_SIP, 1, 5, 0, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lab lab;
		const struct name a = lab_name("a"), b = lab_name("b"), c = lab_name("c");
		const struct address of_a[] = {lab_v4(1), lab_v4(2), lab_v4(3)}, of_b[] = {lab_v4(2), lab_v4(3), lab_v4(1)},
				     of_c[] = {lab_v4(4)};
		const struct asker who = {.wants = wants, .was_given = gave};
		const struct endpoint e = {lab_v4(rows[i].at), 5060, TRANSPORT_UDP};
		struct endpoint to = {0};
		struct name_ref ref;
		check_row("asker: %s", rows[i].rule);
		lab_open(&lab, 64);
		lab_lookup(&lab.t, &a, of_a, 3, &ref);
		lab_lookup(&lab.t, &b, of_b, 3, &ref);
		lab_lookup(&lab.t, &c, of_c, 1, &ref);
		const struct settings_block none = {.set = settings_builtin()};
		struct settings_block host = {"a", 1u << SET_STEER | 1u << SET_STICKY, settings_builtin()};
		host.set.value[SET_STEER] = rows[i].steer;
		host.set.value[SET_STICKY] = rows[i].sticky;
		settings_store(&lab.t, &none, &host, 1, NULL);
		wanted = rows[i].wanted;
		was_given = rows[i].given;
		const bool steered = pins_redirect(&lab.t, &e, REDIRECT_REQUEST, &who, &to);
		const struct address expected = lab_v4(rows[i].to);
		check_true("steered", steered == (rows[i].to != 0));
		check_true("to the right one", !steered || address_equal(&to.addr, &expected));
		check_true("concerns", pins_concern(&lab.t, addr_find(&lab.t, &e.addr), wants) == rows[i].concerns);
		lab_close(&lab);
	}
}

static void epoch(void)
{
	struct script s = {0};
	const struct name a = lab_name("a");
	const struct address addrs[] = {lab_v4(1), lab_v4(2)};
	struct name_ref ref;
	lab_open(&s.lab, 64);
	check_row("the epoch");
	uint64_t first = pins_epoch(&s.lab.t);
	lab_lookup(&s.lab.t, &a, addrs, 2, &ref);
	uint64_t pinned = pins_epoch(&s.lab.t);
	lab_lookup(&s.lab.t, &a, addrs, 2, &ref);
	check_true("a new pin changes it", pinned != first);
	check_true("a lookup of it does not", pins_epoch(&s.lab.t) == pinned);
	settings_store(&s.lab.t, &s.defaults, NULL, 0, NULL);
	check_true("settings change it", pins_epoch(&s.lab.t) != pinned);
	lab_close(&s.lab);
}

int main(void)
{
	SCRIPT_PLAY("names", names);
	SCRIPT_PLAY("ports", ports);
	SCRIPT_PLAY("several names", several);
	SCRIPT_PLAY("outsiders", outsiders);
	SCRIPT_PLAY("services", services);
	askers();
	epoch();
	return check_done();
}
