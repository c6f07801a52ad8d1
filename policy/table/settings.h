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

#include "policy/base/endpoint.h"
#include "policy/base/name.h"

enum { SETTINGS_HOSTS = 512, DNS_PORTS = 6 };

#define SETTING_OFF UINT32_MAX		/* a time that is switched off */
enum { TIME_MAX_S = 1000 * 86400 };	/* fits the clock of the table (clock.h) */

enum { ANSWER_FIRST, ANSWER_ONLY };
enum { STEER_SIP, STEER_ON, STEER_OFF };
enum { ABSENT_FOLLOW, ABSENT_GRACE, ABSENT_KEEP };
enum { PROBE_OFF, PROBE_TCP, PROBE_OPTIONS };

/* ---- how a value is kept: in 64 bits, whatever its form ---- */

/* Two values: the first in the low half. */
#define PAIR(first, second) ((uint64_t)(second) << 32 | (first))

/* Ports, 16 bits each; 0: none. */
enum { SETTING_PORTS = 4 };
#define PORT_AT(i, port) ((uint64_t)(port) << 16 * (i))

/*
 * A set of SIP statuses, a bit each. These are those that may be in one: a server is alive, and does not serve us. 401 and
 * 407 are none, since each registration begins with one; nor is what a call comes to (487), or a dialog (481). Append only.
 */
#define STATUSES_LIST(C)                                                                                              \
	C(408) C(480) C(500) C(502) C(503) C(504) C(400) C(403) C(404) C(405) C(406) C(410) C(413) C(420) C(430)       \
	C(439) C(482) C(483) C(486) C(488) C(501) C(505) C(513) C(555) C(580) C(600) C(603) C(604) C(606) C(607)

#define STATUS_NUMBER(code) STATUS_##code,
enum { STATUSES_LIST(STATUS_NUMBER) STATUSES };
#undef STATUS_NUMBER

#define STATUS_BIT(code) (UINT64_C(1) << STATUS_##code)
#define STATUSES_OF_SERVERS                                                                                           \
	(STATUS_BIT(408) | STATUS_BIT(480) | STATUS_BIT(500) | STATUS_BIT(502) | STATUS_BIT(503) | STATUS_BIT(504))

/*
 * The settings, one a row: SET_ number, key in stickydns.conf, what it takes, default, what holds where names differ, and what it
 * means. The parser, what pinctl prints, and `pinctl check --defaults` come from here; a test holds stickydns.conf(5) against it.
 * Append only: tables keep the numbers. It takes
 *
 *	WORDS		one of them, in the order of their values
 *	TIME, COUNT	a number of seconds, or any number, in these bounds; TIME_OR_OFF: or SETTING_OFF
 *	TIMES		{MIN, MAX}, seconds, in these bounds
 *	SENDS		{SENDS, TIME}: a number in the first two bounds, milliseconds in the others
 *	CODES, PORTS	{CODE, ...}: a set of statuses; {PORT, ...}: at most SETTING_PORTS of them
 *
 * Some say what a lookup of the NAME does. The others are about an endpoint, where several names may lead: the LEAST of
 * their values holds, the MOST, of each of two values, or ALL that they list.
 */
#define SETTINGS_LIST(S)                                                                                              \
	S(STICKY, "sticky", WORDS("off", "on"), 1, NAME,                                                               \
	  "off: lookups are left alone, unless a host block says on")                                                  \
	S(ANSWER, "answer", WORDS("first", "only"), ANSWER_FIRST, NAME,                                                \
	  "DNS messages that programs read: the pin in front; only: nothing but the pin")                              \
	S(STEER, "steer", WORDS("sip", "on", "off"), STEER_SIP, NAME,                                                  \
	  "redirect connects and SIP requests to the pin; on: everything; off: nothing")                               \
	S(ABSENT, "absent", WORDS("follow", "grace", "keep"), ABSENT_GRACE, NAME,                                      \
	  "the answer lacks the pin: follow the answer, follow it after `grace`, or keep the pin")                     \
	S(GRACE, "grace", TIME(0, TIME_MAX_S), 5 * 60, NAME, "a pin that the answer lacks is used for so long")        \
	S(STALE, "stale", TIME_OR_OFF, 24 * 3600, NAME,                                                                \
	  "DNS is down: use addresses that it showed within this time")                                                \
	S(IDLE, "idle", TIME_OR_OFF, 3 * 3600, NAME, "an auto pin that nobody looked up for so long ends")             \
	S(MAX_AGE, "max-age", TIME_OR_OFF, SETTING_OFF, NAME, "an auto pin that is so old ends")                       \
	S(FAILBACK, "failback", TIME_OR_OFF, 10 * 60, NAME,                                                            \
	  "how long a service stays with a worse SRV priority")                                                        \
	S(SERVE, "serve", WORDS("off", "on"), 0, NAME,                                                                 \
	  "on: answer from the table, without DNS, while the TTL runs")                                                \
	S(COOL_OFF, "cool-off", TIMES(1, COOL_BOUND_S), PAIR(30, 300), MOST,                                           \
	  "how long an endpoint that failed is avoided: the first time, and from the tenth in a row on")               \
	S(CONNECT_TIMEOUT, "connect-timeout", TIME(CONNECT_LEAST_S, 30), 3, LEAST,                                     \
	  "a connect that is unanswered for so long has failed")                                                       \
	S(SILENCE, "silence", SENDS(SILENCE_LEAST_SENDS, 7, SILENCE_LEAST_MS, 31000), PAIR(4, 7400), LEAST,            \
	  "a request over UDP that was sent so often, for so long, unanswered, has failed")                            \
	S(FAIL_ON, "fail-on", CODES, STATUSES_OF_SERVERS, ALL, "SIP statuses that speak against a server")             \
	S(SIP_PORTS, "sip-ports", PORTS, PORT_AT(0, SIP_PORT) | PORT_AT(1, SIPS_PORT), ALL,                            \
	  "ports where SIP is spoken, beside those of SRV records and those where it was seen")                        \
	S(RETRY_AFTER_MAX, "retry-after-max", TIME(0, COOL_BOUND_S), 300, MOST,                                        \
	  "the longest Retry-After of a 503 that is honoured")                                                         \
	S(PROBE, "probe", WORDS("off", "tcp", "options"), PROBE_OFF, MOST,                                             \
	  "pinkeeper asks pinned and failed servers: by a TCP connect, or SIP OPTIONS")                                \
	S(PROBE_INTERVAL, "probe-interval", TIME(1, 3600), 30, LEAST, "the time between two probes of an endpoint")    \
	S(RISE, "rise", COUNT(1, 100), 2, MOST, "so many good probes in a row: the endpoint has recovered")            \
	S(FALL, "fall", COUNT(1, 100), 3, LEAST, "so many bad probes in a row: the endpoint has failed")

/* The bounds that others go by. */
enum {
	COOL_BOUND_S = 3600,		/* a try an hour costs next to nothing */
	CONNECT_LEAST_S = 1,		/* the kernel sends a SYN again after 1 s: it may just have been lost */
	SILENCE_LEAST_SENDS = 2, SILENCE_LEAST_MS = 500,	/* one packet may be lost; T1 (RFC 3261 17.1.1.1) */
};

#define SETTING_NUMBER(id, ...) SET_##id,
enum setting { SETTINGS_LIST(SETTING_NUMBER) SETTINGS };
#undef SETTING_NUMBER

enum setting_kind {
	SETTING_TAKES_WORD,
	SETTING_TAKES_TIME,
	SETTING_TAKES_COUNT,
	SETTING_TAKES_TIMES,
	SETTING_TAKES_SENDS,
	SETTING_TAKES_CODES,
	SETTING_TAKES_PORTS,
};

/* What holds at an endpoint where names differ. SETTING_OF_NAME: it is about lookups. */
enum setting_shared { SETTING_OF_NAME, SETTING_LEAST, SETTING_MOST, SETTING_ALL };

enum { SETTING_WORDS = 3 };

struct bounds {
	uint32_t least, most;
};

struct setting_form {
	const char *key;
	enum setting_kind kind;
	enum setting_shared shared;
	const char *words[SETTING_WORDS];	/* n_words */
	uint32_t n_words;
	bool may_be_off;
	struct bounds first, second;
	uint64_t builtin;
	const char *meaning;
};

extern const struct setting_form setting_forms[SETTINGS];
extern const uint16_t status_codes[STATUSES];		/* by their numbers */

struct settings {
	uint64_t value[SETTINGS];
};

/* The only value of a setting, or the first of two: the number of a word, seconds (SETTING_OFF: off), or a count. */
static inline uint32_t setting_of(const struct settings *s, enum setting k) { return (uint32_t)s->value[k]; }

/* The second of two. */
static inline uint32_t setting_second(const struct settings *s, enum setting k) { return (uint32_t)(s->value[k] >> 32); }

static inline uint16_t setting_port(uint64_t value, unsigned i) { return (uint16_t)(value >> 16 * i); }

/* Is it one of the ports? */
static inline bool setting_has_port(uint64_t value, uint16_t port)
{
	for (unsigned i = 0; port && i < SETTING_PORTS; i++)
		if (setting_port(value, i) == port)
			return true;
	return false;
}

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
