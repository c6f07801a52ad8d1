/*
 * effective.c: see effective.h.
 *
 * There are two banks. A store writes the one that is not in use, then flips the count.
 * A reader that finds the count changed meanwhile reads again. After a few rounds it takes
 * what it has; those values are bounded like any others.
 */
#include "policy/table/effective.h"

#include <string.h>

#include "policy/table/journal.h"

enum { READ_ROUNDS = 3 };

#define WORDS(...) .kind = SETTING_TAKES_WORD, .words = {__VA_ARGS__}, .n_words = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)
#define TIME(least, most) .kind = SETTING_TAKES_TIME, .first = {least, most}
#define TIME_OR_OFF .kind = SETTING_TAKES_TIME, .first = {0, TIME_MAX_S}, .may_be_off = true
#define COUNT(least, most) .kind = SETTING_TAKES_COUNT, .first = {least, most}
#define TIMES(least, most) .kind = SETTING_TAKES_TIMES, .first = {least, most}, .second = {least, most}
#define SENDS(least, most, least_ms, most_ms) .kind = SETTING_TAKES_SENDS, .first = {least, most}, .second = {least_ms, most_ms}
#define CODES .kind = SETTING_TAKES_CODES
#define PORTS .kind = SETTING_TAKES_PORTS
#define NAME SETTING_OF_NAME
#define LEAST SETTING_LEAST
#define MOST SETTING_MOST
#define ALL SETTING_ALL
#define FORM(id, name, takes, value, where, about) \
	[SET_##id] = {.key = name, takes, .builtin = value, .shared = where, .meaning = about},
#define VALUE(id, name, takes, value, ...) [SET_##id] = value,

const struct setting_form setting_forms[SETTINGS] = {SETTINGS_LIST(FORM)};

#define STATUS_CODE(code) code,
const uint16_t status_codes[STATUSES] = {STATUSES_LIST(STATUS_CODE)};

struct settings settings_builtin(void)
{
	return (struct settings){.value = {SETTINGS_LIST(VALUE)}};
}

/* Copies the pattern up to its NUL: most end in their first words. */
static void pattern_read(const struct settings_record *r, char out[static NAME_BYTES])
{
	for (size_t i = 0; i < NAME_WORDS; i++) {
		uint64_t word = get64(&r->pattern[i]);
		memcpy(out + 8 * i, &word, sizeof word);
		if (name_ends_in(word))
			return;
	}
	out[NAME_BYTES - 1] = '\0';
}

/* How much a pattern says of a name: its literal characters, and more than any when it has no `*`. */
static uint32_t pattern_weight(const char *pattern)
{
	uint32_t literal = 0, stars = 0;
	for (const char *p = pattern; *p; p++)
		*p == '*' ? stars++ : literal++;
	return stars ? literal : NAME_BYTES + literal;
}

static bool is_within(uint64_t value, struct bounds b) { return value >= b.least && value <= b.most; }

/* A value that no stickydns.conf gives is one that somebody scribbled: it counts as not given. */
static bool plausible(unsigned k, uint64_t value)
{
	const struct setting_form *form = &setting_forms[k];
	switch (form->kind) {
	case SETTING_TAKES_WORD: return value < form->n_words;
	case SETTING_TAKES_TIME:
	case SETTING_TAKES_COUNT: return is_within(value, form->first) || (form->may_be_off && value == SETTING_OFF);
	case SETTING_TAKES_TIMES:
	case SETTING_TAKES_SENDS:
		return is_within((uint32_t)value, form->first) && is_within(value >> 32, form->second) &&
		       (form->kind == SETTING_TAKES_SENDS || (uint32_t)value <= value >> 32);
	case SETTING_TAKES_CODES: return value >> STATUSES == 0;
	case SETTING_TAKES_PORTS: return true;
	}
	return false;
}

/* Takes over the keys of block `i` for which nothing weightier was found. */
static void merge(const struct settings_record *r, int i, uint32_t weight, uint32_t weights[static SETTINGS],
		  struct effective *out)
{
	for (uint32_t left = get32(&r->given) & ((1u << SETTINGS) - 1); left; left &= left - 1) {
		const unsigned k = (unsigned)__builtin_ctz(left);
		const uint64_t value = get64(&r->value[k]);
		if (weight < weights[k] || !plausible(k, value))
			continue;
		weights[k] = weight;
		out->set.value[k] = value;
		out->from[k] = i;
	}
}

/* ---- one value where several names lead ---- */

static uint64_t ports_of_both(uint64_t a, uint64_t b)
{
	for (unsigned i = 0; i < SETTING_PORTS; i++) {
		unsigned k = 0;
		while (k < SETTING_PORTS && setting_port(a, k) && setting_port(a, k) != setting_port(b, i))
			k++;
		if (k < SETTING_PORTS && setting_port(a, k) == 0)
			a |= PORT_AT(k, setting_port(b, i));
	}
	return a;
}

uint64_t setting_strictest(enum setting k, uint64_t a, uint64_t b)
{
	const uint32_t a1 = (uint32_t)a, a2 = (uint32_t)(a >> 32), b1 = (uint32_t)b, b2 = (uint32_t)(b >> 32);
	switch (setting_forms[k].shared) {
	case SETTING_OF_NAME: return a;
	case SETTING_LEAST: return PAIR(a1 < b1 ? a1 : b1, a2 < b2 ? a2 : b2);
	case SETTING_MOST: return PAIR(a1 > b1 ? a1 : b1, a2 > b2 ? a2 : b2);
	case SETTING_ALL: return setting_forms[k].kind == SETTING_TAKES_PORTS ? ports_of_both(a, b) : a | b;
	}
	return a;
}

bool setting_default(const struct table *t, enum setting k, uint64_t *out)
{
	const struct settings_bank *bank = &t->settings[seen32(&t->header->settings_bank) & 1];
	const uint64_t value = get64(&bank->defaults.value[k]);
	*out = (get32(&bank->defaults.given) >> k & 1) && plausible(k, value) ? value : setting_forms[k].builtin;
	return (get32(&bank->by_hosts) >> k & 1) == 0;
}

/* ---- blocks ---- */

static void effective_from(const struct settings_bank *bank, const struct name *n, struct effective *out)
{
	uint32_t weights[SETTINGS] = {0};
	uint32_t hosts = get32(&bank->hosts);
	out->set = settings_builtin();
	for (unsigned k = 0; k < SETTINGS; k++)
		out->from[k] = FROM_BUILTIN;
	merge(&bank->defaults, FROM_DEFAULT, 0, weights, out);
	for (uint32_t i = 0; i < hosts && i < SETTINGS_HOSTS; i++) {
		char pattern[NAME_BYTES];
		pattern_read(&bank->host[i], pattern);
		if (name_match(pattern, sizeof pattern, n))
			merge(&bank->host[i], (int)i, pattern_weight(pattern), weights, out);
	}
}

void settings_effective(const struct table *t, const struct name *n, struct effective *out)
{
	for (int round = 0; round < READ_ROUNDS; round++) {
		uint32_t count = seen32(&t->header->settings_bank);
		effective_from(&t->settings[count & 1], n, out);
		before_recheck();
		if (get32(&t->header->settings_bank) == count)
			return;
	}
}

struct settings settings_for(const struct table *t, const struct name *n)
{
	struct effective e;
	settings_effective(t, n, &e);
	return e.set;
}

void settings_pattern(const struct table *t, int i, char out[static NAME_BYTES])
{
	const struct settings_bank *bank = &t->settings[seen32(&t->header->settings_bank) & 1];
	out[0] = '\0';
	if (i >= 0 && i < SETTINGS_HOSTS && (uint32_t)i < get32(&bank->hosts))
		pattern_read(&bank->host[i], out);
}

bool settings_block(const struct table *t, int i, struct settings_block *out)
{
	const struct settings_bank *bank = &t->settings[seen32(&t->header->settings_bank) & 1];
	if (i != FROM_DEFAULT && (i < 0 || i >= SETTINGS_HOSTS || (uint32_t)i >= get32(&bank->hosts)))
		return false;
	const struct settings_record *r = i == FROM_DEFAULT ? &bank->defaults : &bank->host[i];
	*out = (struct settings_block){.given = get32(&r->given) & ((1u << SETTINGS) - 1)};
	pattern_read(r, out->pattern);
	for (unsigned k = 0; k < SETTINGS; k++) {
		out->set.value[k] = get64(&r->value[k]);
		if (!plausible(k, out->set.value[k]))
			out->given &= ~(1u << k);
	}
	return true;
}

static void record_write(struct settings_record *r, const struct settings_block *b)
{
	uint64_t words[NAME_WORDS];
	memcpy(words, b->pattern, NAME_BYTES);
	for (size_t i = 0; i < NAME_WORDS; i++)
		put64(&r->pattern[i], words[i]);
	for (size_t k = 0; k < SETTINGS; k++)
		put64(&r->value[k], b->set.value[k]);
	put32(&r->given, b->given);
}

bool settings_store(struct table *t, const struct settings_block *defaults,
		    const struct settings_block *hosts, size_t n, const uint16_t ports[DNS_PORTS])
{
	uint32_t count = seen32(&t->header->settings_bank);
	struct settings_bank *bank = &t->settings[~count & 1];
	uint32_t by_hosts = 0;
	if (n > SETTINGS_HOSTS || !t->writable)
		return false;
	before_reuse();
	record_write(&bank->defaults, defaults);
	for (size_t i = 0; i < n; i++) {
		record_write(&bank->host[i], &hosts[i]);
		by_hosts |= hosts[i].given;
	}
	for (size_t i = 0; i < DNS_PORTS / 2; i++)
		put32(&bank->dns_ports[i], ports ? ports[2 * i] | (uint32_t)ports[2 * i + 1] << 16 : 0);
	put32(&bank->hosts, (uint32_t)n);
	put32(&bank->by_hosts, by_hosts);
	publish32(&t->header->settings_bank, count + 1);
	journal_wake(t);
	return true;
}

static void record_copy(struct settings_record *to, const struct settings_record *from)
{
	for (size_t i = 0; i < NAME_WORDS; i++)
		put64(&to->pattern[i], get64(&from->pattern[i]));
	for (size_t k = 0; k < SETTINGS; k++)
		put64(&to->value[k], get64(&from->value[k]));
	put32(&to->given, get32(&from->given));
}

void settings_copy(struct table *to, const struct table *from)
{
	const uint32_t count = seen32(&to->header->settings_bank);
	const struct settings_bank *theirs = &from->settings[seen32(&from->header->settings_bank) & 1];
	struct settings_bank *bank = &to->settings[~count & 1];
	const uint32_t hosts = get32(&theirs->hosts), n = hosts < SETTINGS_HOSTS ? hosts : SETTINGS_HOSTS;
	before_reuse();
	record_copy(&bank->defaults, &theirs->defaults);
	for (uint32_t i = 0; i < n; i++)
		record_copy(&bank->host[i], &theirs->host[i]);
	for (size_t i = 0; i < DNS_PORTS / 2; i++)
		put32(&bank->dns_ports[i], get32(&theirs->dns_ports[i]));
	put32(&bank->hosts, n);
	put32(&bank->by_hosts, get32(&theirs->by_hosts));
	publish32(&to->header->settings_bank, count + 1);
}

bool settings_dns_port(const struct table *t, uint16_t port)
{
	const struct settings_bank *bank = &t->settings[seen32(&t->header->settings_bank) & 1];
	if (port == 53)		/* RFC 1035 4.2 */
		return true;
	for (size_t i = 0; port && i < DNS_PORTS / 2; i++) {
		uint32_t two = get32(&bank->dns_ports[i]);
		if (two == 0)
			return false;
		if ((uint16_t)two == port || two >> 16 == port)
			return true;
	}
	return false;
}
