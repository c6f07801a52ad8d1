/* sip-route.c: where a SIP message has to go, rule by rule. */
#include "policy/rules/sip-route.h"
#include "tests/unit/check.h"

/* ---- the rule ---- */

static const char *course_text(enum sip_route c)
{
	static const char *const texts[] = {[ROUTE_ORIGINAL] = "asked", [ROUTE_BACK] = "back", [ROUTE_REQUEST] = "origin",
					    [ROUTE_AGAIN] = "again", [ROUTE_LEG] = "leg", [ROUTE_DIALOG] = "dialog",
					    [ROUTE_PIN] = "pin"};
	return texts[c];
}

/* Letters of what is remembered: r request, o origin, a again, s silent, l leg, d dialog, n number. */
static struct remembered known_of(const char *letters)
{
	return (struct remembered){strchr(letters, 'r') != NULL, strchr(letters, 'o') != NULL, strchr(letters, 'a') != NULL,
				   strchr(letters, 's') != NULL, strchr(letters, 'l') != NULL, strchr(letters, 'd') != NULL,
				   strchr(letters, 'n') != NULL};
}

static void courses(void)
{
	static const struct {
		const char *rule;
		enum sip_method method;
		unsigned status;
		enum sip_to to;
		const char *known, *expected;
	} rows[] = {
		{"an initial request", SIP_REGISTER, 0, SIP_TO_BARE, "", "pin"},
		{"of any method", SIP_OTHER, 0, SIP_TO_BARE, "", "pin"},
		{"to a number", SIP_OPTIONS, 0, SIP_TO_BARE, "n", "asked"},
		{"to a number, sent again", SIP_INVITE, 0, SIP_TO_BARE, "an", "again"},
		{"to a number, sent again into silence", SIP_INVITE, 0, SIP_TO_BARE, "asn", "asked"},
		{"to a number, in a dialog that was moved", SIP_BYE, 0, SIP_TO_TAGGED, "dn", "dialog"},
		{"CANCEL to a number", SIP_CANCEL, 0, SIP_TO_BARE, "on", "origin"},
		{"one in a dialog that is not known", SIP_BYE, 0, SIP_TO_TAGGED, "", "asked"},
		{"one in a dialog that was moved", SIP_BYE, 0, SIP_TO_TAGGED, "d", "dialog"},
		{"a re-INVITE", SIP_INVITE, 0, SIP_TO_TAGGED, "d", "dialog"},
		{"a new INVITE of the same Call-ID", SIP_INVITE, 0, SIP_TO_BARE, "d", "pin"},
		{"one whose To is not known", SIP_INVITE, 0, SIP_TO_UNKNOWN, "d", "asked"},
		{"sent again", SIP_REGISTER, 0, SIP_TO_BARE, "a", "again"},
		{"sent again into silence", SIP_REGISTER, 0, SIP_TO_BARE, "as", "pin"},
		{"sent again into silence, in a dialog", SIP_INVITE, 0, SIP_TO_TAGGED, "asd", "again"},
		{"sent again into silence, To not known", SIP_INVITE, 0, SIP_TO_UNKNOWN, "as", "again"},
		{"CANCEL", SIP_CANCEL, 0, SIP_TO_BARE, "o", "origin"},
		{"CANCEL sent again", SIP_CANCEL, 0, SIP_TO_BARE, "oa", "origin"},
		{"CANCEL of what is not known", SIP_CANCEL, 0, SIP_TO_BARE, "", "asked"},
		{"ACK to a failure", SIP_ACK, 0, SIP_TO_TAGGED, "od", "origin"},
		{"ACK to a 2xx of a dialog that was moved", SIP_ACK, 0, SIP_TO_TAGGED, "d", "dialog"},
		{"ACK to a 2xx of another", SIP_ACK, 0, SIP_TO_TAGGED, "", "asked"},
		{"ACK to a late 2xx of a server that was silent", SIP_ACK, 0, SIP_TO_TAGGED, "ld", "leg"},
		{"ACK to its late failure", SIP_ACK, 0, SIP_TO_TAGGED, "lod", "leg"},
		{"BYE there", SIP_BYE, 0, SIP_TO_TAGGED, "ld", "leg"},
		{"ACK without a tag", SIP_ACK, 0, SIP_TO_BARE, "", "asked"},
		{"a response to what came from the pin", SIP_OPTIONS, 200, SIP_TO_TAGGED, "r", "back"},
		{"a response to what did not", SIP_OPTIONS, 200, SIP_TO_TAGGED, "", "asked"},
		{"a response is never moved for its dialog", SIP_INVITE, 200, SIP_TO_TAGGED, "d", "asked"},
		{"nor because it looks initial", SIP_INVITE, 100, SIP_TO_BARE, "a", "asked"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sip_message m = {.method = (uint8_t)rows[i].method, .status = (uint16_t)rows[i].status,
					      .to = (uint8_t)rows[i].to};
		check_row("course, %s", rows[i].rule);
		check_text(rows[i].known, rows[i].expected, course_text(sip_route_of(&m, known_of(rows[i].known))));
	}
}

static void dialogs(void)
{
	static const struct {
		enum sip_method method;
		enum sip_to to;
		bool begins;
	} rows[] = {
		{SIP_INVITE, SIP_TO_BARE, true}, {SIP_SUBSCRIBE, SIP_TO_BARE, true}, {SIP_REFER, SIP_TO_BARE, true},
		{SIP_INVITE, SIP_TO_TAGGED, false}, {SIP_REGISTER, SIP_TO_BARE, false}, {SIP_OPTIONS, SIP_TO_BARE, false},
		{SIP_INVITE, SIP_TO_UNKNOWN, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sip_message m = {.method = (uint8_t)rows[i].method, .to = (uint8_t)rows[i].to};
		check_row("dialog, %s, To %d", sip_method_text(rows[i].method), (int)rows[i].to);
		check_true("begins", sip_begins_dialog(&m) == rows[i].begins);
	}
}

static void dialogs_live(void)
{
	static const char *const texts[] = {[DIALOG_NOTHING] = "nothing", [DIALOG_LIVES] = "lives", [DIALOG_ENDS] = "ends"};
	static const struct {
		const char *rule;
		enum sip_method method;
		unsigned status;
		enum sip_to to;
		bool out, failure;
		const char *expected;
	} rows[] = {
		{"a re-INVITE", SIP_INVITE, 0, SIP_TO_TAGGED, true, false, "lives"},
		{"a BYE", SIP_BYE, 0, SIP_TO_TAGGED, true, false, "ends"},
		{"a BYE that came in", SIP_BYE, 0, SIP_TO_TAGGED, false, false, "ends"},
		{"the answer to a BYE", SIP_BYE, 200, SIP_TO_TAGGED, true, false, "ends"},
		{"a challenge to a BYE", SIP_BYE, 407, SIP_TO_TAGGED, false, false, "nothing"},
		{"ACK to a 2xx", SIP_ACK, 0, SIP_TO_TAGGED, true, false, "lives"},
		{"ACK to a failure", SIP_ACK, 0, SIP_TO_TAGGED, true, true, "ends"},
		{"CANCEL", SIP_CANCEL, 0, SIP_TO_TAGGED, true, false, "nothing"},
		{"an INVITE", SIP_INVITE, 0, SIP_TO_BARE, true, false, "nothing"},
		{"one whose To is not known", SIP_INVITE, 0, SIP_TO_UNKNOWN, true, false, "nothing"},
		{"200 to the program's INVITE", SIP_INVITE, 200, SIP_TO_TAGGED, false, false, "lives"},
		{"180 to it", SIP_INVITE, 180, SIP_TO_TAGGED, false, false, "lives"},
		{"180 of the program", SIP_INVITE, 180, SIP_TO_TAGGED, true, false, "nothing"},
		{"200 of the program", SIP_INVITE, 200, SIP_TO_TAGGED, true, false, "lives"},
		{"486", SIP_INVITE, 486, SIP_TO_TAGGED, false, false, "nothing"},
		{"202 to SUBSCRIBE", SIP_SUBSCRIBE, 202, SIP_TO_TAGGED, false, false, "lives"},
		{"200 to OPTIONS", SIP_OPTIONS, 200, SIP_TO_TAGGED, false, false, "nothing"},
		{"200 to REGISTER", SIP_REGISTER, 200, SIP_TO_TAGGED, false, false, "nothing"},
		{"481 to anything", SIP_INFO, 481, SIP_TO_TAGGED, false, false, "ends"},
		{"408 to anything", SIP_INVITE, 408, SIP_TO_TAGGED, false, false, "ends"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sip_message m = {.method = (uint8_t)rows[i].method, .status = (uint16_t)rows[i].status,
					      .to = (uint8_t)rows[i].to, .call_id = 1};
		check_row("dialog: %s", rows[i].rule);
		check_text("it", rows[i].expected, texts[sip_dialog_of(&m, rows[i].out, rows[i].failure)]);
	}
}

int main(void)
{
	courses();
	dialogs();
	dialogs_live();
	return check_done();
}
