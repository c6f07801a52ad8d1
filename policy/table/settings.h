/*
 * settings.h: what may be set for a name. Only forms: effective.h reads and stores them.
 *
 * The settings are in the table, so that a change reaches every process at its next
 * lookup: one default block, and up to SETTINGS_HOSTS blocks with a pattern. For each key
 * the exact name wins over a pattern, then the pattern with more literal characters, then
 * the later one.
 */
#ifndef STICKYDNS_SETTINGS_H
#define STICKYDNS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/base/name.h"

enum { SETTINGS_HOSTS = 512, DNS_PORTS = 6 };

#define SETTING_OFF UINT32_MAX		/* a time that is switched off */

enum { ANSWER_FIRST, ANSWER_ONLY };
enum { STEER_SIP, STEER_ON, STEER_OFF };
enum { ABSENT_FOLLOW, ABSENT_GRACE, ABSENT_KEEP };

/*
 * The settings, one a row: SET_ number, key in stickydns.conf, what it takes, default, and what it means. The parser, what
 * pinctl prints, and `pinctl check --defaults` come from here; a test holds stickydns.conf(5) against it. It takes WORDS, in the
 * order of their values, a TIME in seconds, or TIME_OR_OFF. Append only: tables keep the numbers.
 */
#define SETTINGS_LIST(S)                                                                                              \
	S(STICKY, "sticky", WORDS("off", "on"), 1, "off: lookups are left alone, unless a host block says on")         \
	S(ANSWER, "answer", WORDS("first", "only"), ANSWER_FIRST,                                                      \
	  "DNS messages that programs read: the pin in front; only: nothing but the pin")                              \
	S(STEER, "steer", WORDS("sip", "on", "off"), STEER_SIP,                                                        \
	  "redirect connects and SIP requests to the pin; on: everything; off: nothing")                               \
	S(ABSENT, "absent", WORDS("follow", "grace", "keep"), ABSENT_GRACE,                                            \
	  "the answer lacks the pin: follow the answer, follow it after `grace`, or keep the pin")                     \
	S(GRACE, "grace", TIME, 5 * 60, "a pin that the answer lacks is used for so long")                             \
	S(STALE, "stale", TIME_OR_OFF, 24 * 3600, "DNS is down: use addresses that it showed within this time")        \
	S(IDLE, "idle", TIME_OR_OFF, 3 * 3600, "an auto pin that nobody looked up for so long ends")                   \
	S(MAX_AGE, "max-age", TIME_OR_OFF, SETTING_OFF, "an auto pin that is so old ends")                             \
	S(FAILBACK, "failback", TIME_OR_OFF, 10 * 60, "how long a service stays with a worse SRV priority")            \
	S(SERVE, "serve", WORDS("off", "on"), 0, "on: answer from the table, without DNS, while the TTL runs")

#define SETTING_NUMBER(id, ...) SET_##id,
enum setting { SETTINGS_LIST(SETTING_NUMBER) SETTINGS };
#undef SETTING_NUMBER

enum { SETTING_WORDS = 3 };

struct setting_form {
	const char *key;
	const char *words[SETTING_WORDS];	/* n_words; 0: it takes a time */
	uint32_t n_words;
	bool may_be_off;
	uint32_t builtin;
	const char *meaning;
};

extern const struct setting_form setting_forms[SETTINGS];

/* One value a key: the number of a word, or seconds (SETTING_OFF: off). */
struct settings {
	uint32_t value[SETTINGS];
};

/* One block of stickydns.conf. */
struct settings_block {
	char pattern[NAME_BYTES];	/* "" in the default block */
	uint32_t given;			/* bit i: value[i] was given here */
	struct settings set;
};

/* The block a value came from: an index, or one of these. */
enum { FROM_BUILTIN = -2, FROM_DEFAULT = -1 };

struct effective {
	struct settings set;
	int from[SETTINGS];
};

#endif
