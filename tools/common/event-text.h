/*
 * event-text.h: an event of the journal in words, the same wherever it is told: pinctl events, journald, syslog, commands.
 *
 * All that comes from the table is made printable ASCII (text_safe).
 */
#ifndef STICKYDNS_EVENT_TEXT_H
#define STICKYDNS_EVENT_TEXT_H

#include "policy/table/journal.h"
#include "tools/common/format.h"

/* The fields of an event: FIELD_ number, the key in JSON, and what its text is. */
#define EVENT_FIELDS_LIST(F)                                                                     \
	F(TIME, "time", WORD) F(EVENT, "event", WORD) F(NAME, "name", WORD)                      \
	F(ADDRESS, "address", WORD) F(OLD, "old", WORD) /* what it moved from */                 \
	F(PORT, "port", NUMBER) F(TRANSPORT, "transport", WORD)                                  \
	F(CAUSE, "cause", WORD) F(ERRNO, "errno", WORD) F(EXPLICIT, "explicit", SWITCH)          \
	F(COMM, "comm", WORD) F(PID, "pid", NUMBER) F(ORIGIN, "origin", WORD)

#define FIELD_NUMBER(id, key, form) FIELD_##id,
enum event_field { EVENT_FIELDS_LIST(FIELD_NUMBER) EVENT_FIELDS };
#undef FIELD_NUMBER

struct event_words {
	const char *text[EVENT_FIELDS];		/* NULL: the event has none. They point here, or to constants */
	char time[TIME_TEXT], name[NAME_BYTES], address[TARGET_TEXT], old[TARGET_TEXT], port[8], comm[COMM_BYTES], pid[12];
};

/* "name" for FIELD_NAME. */
const char *event_field_key(enum event_field f);

/* The words of an event of table `t`. `out` may not be moved. */
void event_words(const struct table *t, const struct event *e, struct event_words *out);

/* "refused (ECONNREFUSED)" */
enum { CAUSE_TEXT = 64 };
void event_cause(const struct event_words *w, char out[static CAUSE_TEXT]);

/* "sip.example.com 192.0.2.1 -> 192.0.2.2 5060/tcp: it failed  (sipp 58, shim)": all but the time and the event. */
enum { SENTENCE_TEXT = 1024 };
void event_sentence(const struct event_words *w, char out[static SENTENCE_TEXT]);

/* The object of `pinctl events --json`; null for what the event does not have. NULL: no memory. */
json_t *event_json(const struct event_words *w);

#endif
