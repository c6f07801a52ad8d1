/* setting-text.c: see setting-text.h. */
#include "tools/common/setting-text.h"

#include <stdio.h>
#include <string.h>

#include "tools/common/format.h"

/* ---- single values ---- */

static bool time_within(const char *word, struct bounds b, uint32_t *out)
{
	return time_parse(word, out) && *out != SETTING_OFF && *out >= b.least && *out <= b.most;
}

/* "7.4s", "7400ms", "7": milliseconds. */
static bool ms_parse(const char *word, struct bounds b, uint32_t *out)
{
	static const uint32_t units[] = {1, 1000, 100, 10, 1};
	const size_t whole = strspn(word, "0123456789"), behind = word[whole] == '.' ? strspn(word + whole + 1, "0123456789") : 0;
	const char *unit = word + whole + (word[whole] == '.') + behind;
	const bool ms = strcmp(unit, "ms") == 0;
	char digits[16];
	if (whole == 0 || whole + behind >= sizeof digits || behind > 3 || (word[whole] == '.' && (behind == 0 || ms)) ||
	    !(ms || *unit == '\0' || strcmp(unit, "s") == 0))
		return false;
	memcpy(digits, word, whole);
	memcpy(digits + whole, word + whole + 1, behind);
	digits[whole + behind] = '\0';
	if (!number_parse(digits, 0, TIME_MAX_S, out) || *out > b.most)
		return false;
	*out *= ms ? 1 : units[behind + 1];
	return *out >= b.least && *out <= b.most;
}

static void ms_text(uint32_t ms, char out[static AGE_TEXT])
{
	if (ms < 1000) {
		snprintf(out, AGE_TEXT, "%ums", ms);
		return;
	}
	int n = snprintf(out, AGE_TEXT, "%u.%03u", ms / 1000, ms % 1000);
	while (out[n - 1] == '0')
		n--;
	snprintf(out + n - (out[n - 1] == '.'), 2, "s");
}

static bool word_parse(const struct setting_form *form, const char *word, uint64_t *out)
{
	for (uint32_t i = 0; i < form->n_words; i++)
		if (strcmp(word, form->words[i]) == 0)
			return *out = i, true;
	return false;
}

static bool single_parse(const struct setting_form *form, const char *word, uint64_t *out)
{
	uint32_t v = 0;
	bool taken = form->kind == SETTING_TAKES_COUNT ? number_parse(word, form->first.least, form->first.most, &v)
					       : time_within(word, form->first, &v);
	if (form->may_be_off && strcmp(word, "off") == 0)
		v = SETTING_OFF, taken = true;
	*out = v;
	return taken;
}

/* ---- lists ---- */

/* Two values, no more. */
static int pair_parse(const struct setting_form *form, const char *const words[], size_t n, uint64_t *out)
{
	uint32_t first, second;
	const bool times = form->kind == SETTING_TAKES_TIMES;
	if (n == 0 || !(times ? time_within(words[0], form->first, &first)
			      : number_parse(words[0], form->first.least, form->first.most, &first)))
		return 0;
	if (n == 1 || !(times ? time_within(words[1], form->second, &second) && second >= first
			      : ms_parse(words[1], form->second, &second)))
		return 1;
	*out = PAIR(first, second);
	return n == 2 ? -1 : 2;
}

static int codes_parse(const char *const words[], size_t n, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t code = 0;
		unsigned k = 0;
		if (!number_parse(words[i], 100, 699, &code))
			return (int)i;
		while (k < STATUSES && status_codes[k] != code)
			k++;
		if (k == STATUSES)
			return (int)i;
		*out |= UINT64_C(1) << k;
	}
	return -1;
}

static bool port_add(uint64_t *ports, uint16_t port)
{
	for (unsigned i = 0; i < SETTING_PORTS; i++) {
		const uint16_t there = setting_port(*ports, i);
		if (there == port)
			return true;
		if (there == 0)
			return *ports |= PORT_AT(i, port), true;
	}
	return false;
}

static int ports_parse(const char *const words[], size_t n, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t port;
		if (!number_parse(words[i], 1, UINT16_MAX, &port) || !port_add(out, (uint16_t)port))
			return (int)i;
	}
	return -1;
}

int setting_parse(enum setting k, const char *const words[], size_t n, uint64_t *out)
{
	const struct setting_form *form = &setting_forms[k];
	switch (form->kind) {
	case SETTING_TAKES_WORD:
		return n == 0 || !word_parse(form, words[0], out) ? 0 : n > 1 ? 1 : -1;
	case SETTING_TAKES_TIME:
	case SETTING_TAKES_COUNT:
		return n == 0 || !single_parse(form, words[0], out) ? 0 : n > 1 ? 1 : -1;
	case SETTING_TAKES_TIMES:
	case SETTING_TAKES_SENDS: return pair_parse(form, words, n, out);
	case SETTING_TAKES_CODES: return codes_parse(words, n, out);
	case SETTING_TAKES_PORTS: return ports_parse(words, n, out);
	}
	return 0;
}

/* ---- the other way ---- */

struct list {
	char *out;
	size_t used, room;
	const char *between;
};

static void list_add(struct list *l, unsigned number)
{
	const int n = snprintf(l->out + l->used, l->room - l->used, "%s%u", l->used > 1 ? l->between : "", number);
	l->used = n > 0 && l->used + (size_t)n < l->room ? l->used + (size_t)n : l->room - 1;
}

/* In the order of the numbers, as people look for one. */
static void list_codes(struct list *l, uint64_t set)
{
	for (uint16_t code = 100; code < 700; code++)
		for (unsigned k = 0; k < STATUSES; k++)
			if (status_codes[k] == code && set >> k & 1)
				list_add(l, code);
}

static void set_text(enum setting_kind kind, uint64_t value, char out[static SETTING_TEXT])
{
	struct list l = {.out = out, .used = 1, .room = SETTING_TEXT - 1, .between = ", "};
	out[0] = '{';
	out[1] = '\0';
	if (kind == SETTING_TAKES_CODES)
		list_codes(&l, value);
	for (unsigned i = 0; kind == SETTING_TAKES_PORTS && i < SETTING_PORTS; i++)
		if (setting_port(value, i))
			list_add(&l, setting_port(value, i));
	strcat(out, "}");
}

void setting_text(enum setting k, uint64_t value, char out[static SETTING_TEXT])
{
	const struct setting_form *form = &setting_forms[k];
	const uint32_t first = (uint32_t)value, second = (uint32_t)(value >> 32);
	char a[AGE_TEXT], b[AGE_TEXT];
	switch (form->kind) {
	case SETTING_TAKES_WORD: snprintf(out, SETTING_TEXT, "%s", value < form->n_words ? form->words[value] : "?"); break;
	case SETTING_TAKES_TIME:
		time_text(first, a);
		snprintf(out, SETTING_TEXT, "%s", a);
		break;
	case SETTING_TAKES_COUNT: snprintf(out, SETTING_TEXT, "%u", first); break;
	case SETTING_TAKES_TIMES:
		time_text(first, a);
		time_text(second, b);
		snprintf(out, SETTING_TEXT, "{%s, %s}", a, b);
		break;
	case SETTING_TAKES_SENDS:
		ms_text(second, b);
		snprintf(out, SETTING_TEXT, "{%u, %s}", first, b);
		break;
	case SETTING_TAKES_CODES:
	case SETTING_TAKES_PORTS: set_text(form->kind, value, out); break;
	}
}

static void words_takes(const struct setting_form *form, char out[static SETTING_TAKES])
{
	size_t n = 0;
	for (uint32_t i = 0; i < form->n_words && n < SETTING_TAKES; i++)
		n += (size_t)snprintf(out + n, SETTING_TAKES - n, "%s%s", i == 0 ? "" : i + 1 == form->n_words ? " or " : ", ", form->words[i]);
}

static void codes_takes(char out[static SETTING_TAKES])
{
	struct list l = {.out = out, .room = SETTING_TAKES, .between = " "};
	l.used = (size_t)snprintf(out, SETTING_TAKES, "{CODE, ...} of");
	list_codes(&l, UINT64_MAX);
}

void setting_takes(enum setting k, char out[static SETTING_TAKES])
{
	const struct setting_form *form = &setting_forms[k];
	char a[AGE_TEXT], b[AGE_TEXT];
	switch (form->kind) {
	case SETTING_TAKES_WORD: words_takes(form, out); break;
	case SETTING_TAKES_TIME:
		time_text(form->first.least, a);
		time_text(form->first.most, b);
		if (form->first.most == TIME_MAX_S)
			snprintf(out, SETTING_TAKES, "a time such as 30s, 5m, 3h, 1d%s", form->may_be_off ? ", or off" : "");
		else
			snprintf(out, SETTING_TAKES, "a time from %s to %s", a, b);
		break;
	case SETTING_TAKES_COUNT: snprintf(out, SETTING_TAKES, "a number from %u to %u", form->first.least, form->first.most); break;
	case SETTING_TAKES_TIMES:
		time_text(form->first.least, a);
		time_text(form->first.most, b);
		snprintf(out, SETTING_TAKES, "{MIN, MAX}, times from %s to %s, the second no less than the first", a, b);
		break;
	case SETTING_TAKES_SENDS:
		ms_text(form->second.least, a);
		ms_text(form->second.most, b);
		snprintf(out, SETTING_TAKES, "{SENDS, TIME}, a number from %u to %u and a time from %s to %s", form->first.least,
			 form->first.most, a, b);
		break;
	case SETTING_TAKES_CODES: codes_takes(out); break;
	case SETTING_TAKES_PORTS: snprintf(out, SETTING_TAKES, "{PORT, ...}, at most %d ports", SETTING_PORTS); break;
	}
}
