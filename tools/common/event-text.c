/* event-text.c: see event-text.h. */
#include "tools/common/event-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form { FORM_WORD, FORM_NUMBER, FORM_SWITCH };

static const struct {
	const char *key;
	enum form form;
} fields[EVENT_FIELDS] = {
#define FIELD(id, key, form) [FIELD_##id] = {key, FORM_##form},
	EVENT_FIELDS_LIST(FIELD)
#undef FIELD
};

const char *event_field_key(enum event_field f) { return fields[f].key; }

static const char *or_none(const char *text) { return *text ? text : NULL; }

static void address_words(const struct table *t, bool has, const struct address *a, char out[static TARGET_TEXT])
{
	*out = '\0';
	if (has)
		target_format(t, a, out);
	text_safe(out, out, TARGET_TEXT);
}

void event_words(const struct table *t, const struct event *e, struct event_words *out)
{
	time_iso(e->time_ns, out->time);
	text_safe(e->name, out->name, sizeof out->name);
	text_safe(e->comm, out->comm, sizeof out->comm);
	snprintf(out->port, sizeof out->port, "%u", e->port);
	snprintf(out->pid, sizeof out->pid, "%u", e->pid);
	address_words(t, e->has_addr, &e->addr, out->address);
	address_words(t, e->has_old, &e->old, out->old);
	const char *const text[EVENT_FIELDS] = {
		[FIELD_TIME] = out->time, [FIELD_EVENT] = event_kind_text(e->kind), [FIELD_NAME] = or_none(out->name),
		[FIELD_ADDRESS] = or_none(out->address), [FIELD_OLD] = or_none(out->old),
		[FIELD_PORT] = e->port ? out->port : NULL,
		[FIELD_TRANSPORT] = e->transport == TRANSPORT_ANY ? NULL : transport_text(e->transport),
		[FIELD_CAUSE] = cause_text(e->cause), [FIELD_ERRNO] = or_none(cause_errno(e->cause)),
		[FIELD_EXPLICIT] = e->is_explicit ? "true" : "false", [FIELD_COMM] = or_none(out->comm),
		[FIELD_PID] = out->pid, [FIELD_ORIGIN] = origin_text(e->origin),
	};
	memcpy(out->text, text, sizeof text);
}

void event_cause(const struct event_words *w, char out[static CAUSE_TEXT])
{
	const char *const error = w->text[FIELD_ERRNO];
	snprintf(out, CAUSE_TEXT, "%s%s%s%s", w->text[FIELD_CAUSE], error ? " (" : "", error ? error : "", error ? ")" : "");
}

void event_sentence(const struct event_words *w, char out[static SENTENCE_TEXT])
{
	const char *const *const text = w->text;
	const char *const transport = text[FIELD_TRANSPORT] ? text[FIELD_TRANSPORT] : transport_text(TRANSPORT_ANY);
	const bool old = text[FIELD_OLD], port = text[FIELD_PORT], pid = strcmp(w->pid, "0") != 0;
	char cause[CAUSE_TEXT];
	event_cause(w, cause);
	snprintf(out, SENTENCE_TEXT, "%s %s%s%s%s%s%s%s: %s  (%s %s, %s)", text[FIELD_NAME] ? text[FIELD_NAME] : "-",
		 old ? text[FIELD_OLD] : "", old ? " -> " : "", text[FIELD_ADDRESS] ? text[FIELD_ADDRESS] : "-",
		 port ? " " : "", port ? text[FIELD_PORT] : "", port ? "/" : "", port ? transport : "", cause,
		 text[FIELD_COMM] ? text[FIELD_COMM] : "-", pid ? w->pid : "-", text[FIELD_ORIGIN]);
}

static json_t *field_json(enum form form, const char *text)
{
	if (!text)
		return json_null();
	switch (form) {
	case FORM_NUMBER: return json_integer(strtoll(text, NULL, 10));
	case FORM_SWITCH: return json_boolean(strcmp(text, "true") == 0);
	case FORM_WORD: break;
	}
	return json_string(text);
}

json_t *event_json(const struct event_words *w)
{
	json_t *o = json_object();
	for (enum event_field f = 0; f < EVENT_FIELDS; f++)
		if (json_object_set_new(o, fields[f].key, field_json(fields[f].form, w->text[f])) == -1) {
			json_decref(o);
			return NULL;
		}
	return o;
}
