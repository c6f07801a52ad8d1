/* endpoint-settings.c: which settings hold at an endpoint, and that the rules go by them. */
#include "tests/unit/script.h"

#define S "_sip._udp.d"

static const struct script_row holds[] = {
	{"what is built in", "ask a 1; holds cool-off 1 5060t -> 30,300; holds silence 1 5060u -> 4,7400"},
	{"the default block's", "opt connect-timeout 5; ask a 1; holds connect-timeout 1 5060t -> 5"},
	{"where no name leads, too", "opt connect-timeout 5; host a connect-timeout 7; holds connect-timeout 9 5060t -> 5; names 9 5060t -> "},
	{"the only name's", "host a connect-timeout 20; ask a 1,2; holds connect-timeout 1 5060t -> 20; holds connect-timeout 2 80t -> 20; names 1 5060t -> a"},
	{"of two, the strictest", "host a connect-timeout 20; host b connect-timeout 10; ask a 1; ask b 1,2;"
				  "holds connect-timeout 1 5060t -> 10; names 1 5060t -> a,b; holds connect-timeout 2 5060t -> 10; names 2 5060t -> b"},
	{"whatever their order", "host a connect-timeout 10; host b connect-timeout 20; ask a 1; ask b 1; holds connect-timeout 1 5060t -> 10"},
	{"of each of two values", "host a cool-off 10,600; host b cool-off 20,60; ask a 1; ask b 1; holds cool-off 1 5060t -> 20,600"},
	{"a host block that lacks the key stands for the default", "host a connect-timeout 20; host b idle 60; ask a 1; ask b 1; holds connect-timeout 1 5060t -> 3"},
	{"a name that was only answered for has no say", "host a connect-timeout 20; ask b 1; ask a 1; ask c 1; holds connect-timeout 1 5060t -> 20; names 1 5060t -> a"},
	{"nor one that was confirmed", "host a connect-timeout 20; ask b 1; ok b 1 5060t; ask a 1; holds connect-timeout 1 5060t -> 20"},
	{"one that has a pin by hand has", "host a connect-timeout 20; ask b 1; set b 1; ask a 1; holds connect-timeout 1 5060t -> 3"},
	{"a service's, on its port", "host " S " connect-timeout 20; srv " S " a:5060; ask+ a 1; holds connect-timeout 1 5060u -> 20;"
				     "names 1 5060u -> " S "; holds connect-timeout 1 5070u -> 3; names 1 5070u -> a"},
	{"of a service and its host", "host " S " connect-timeout 20; host a connect-timeout 7; srv " S " a:5060; ask+ a 1;"
				      "holds connect-timeout 1 5060u -> 7; names 1 5060u -> a," S},
};

static const struct script_row rules[] = {
	{"cool-off", "opt cool-off 5,50; ask a 1,2; fail a 1 5060t; cool 1 5060t -> 4..6; wait 6; cool 1 5060t -> due; fail a 1 5060t; cool 1 5060t -> 8..12"},
	{"cool-off, of the strictest name", "host a cool-off 1,1; host b cool-off 100,100; ask a 1,2; ask b 1; fail a 1 5060t; cool 1 5060t -> 80..120;"
					    "fail a 2 5060t; cool 2 5060t -> 1"},
	{"sip-ports: where a connect confirms nothing", "opt sip-ports 5080; ask a 1,2; ok a 1 5080t connected; pin a -> 1 tentative;"
							"ok a 1 5060t connected; pin a -> 1 confirmed 5060t"},
	{"sip-ports: where nothing is listed", "opt sip-ports 0; ask a 1,2; ok a 1 5060t connected; pin a -> 1 confirmed 5060t"},
	{"sip-ports: of any name", "host a sip-ports 5080; host b sip-ports 5060; ask a 1,2; ask b 1; ok a 1 5060t connected; pin a -> 1 tentative;"
				   "ok a 2 5060t connected; pin a -> 2 confirmed 5060t"},
	{"sip-ports: what is steered", "opt sip-ports 5070; ask a 1,2; steer a 2 5060u -> asked; steer a 2 5070u -> 1:5070"},
	{"sip-ports: of the name that is steered", "host a sip-ports 5070; ask a 1,2; ask b 3,4; steer a 2 5060u -> asked; steer a 2 5070u -> 1:5070;"
						   "steer b 4 5060u -> 3:5060; steer b 4 5070u -> asked"},
};

int main(void)
{
	SCRIPT_PLAY("holds", holds);
	SCRIPT_PLAY("the rules go by", rules);
	return check_done();
}
