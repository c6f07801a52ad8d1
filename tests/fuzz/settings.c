/*
 * settings.c: fuzz target of the settings: in a hostile table, and as text.
 *
 * The input fills a bank with blocks as no store would write them, and is taken
 * as a stickydns.conf. The oracles: what holds for a name is what a plain reading
 * of settings.h gives, by a matcher that is too simple to be wrong; every pattern
 * has its end; what is stored reads back; parting `absent = grace TIME`
 * leaves lines as they were, and a text without it.
 *
 *	name length 1 | name | number of hosts 4 | blocks: place 2 | given 2, for either half of the keys | pattern length 1 | pattern
 *
 * Highest bit of place: the pattern fills its 256 bytes, without an end.
 */
#define CORPUS "tests/fuzz/corpus/settings"
#include "policy/table/effective.h"
#include "tests/fuzz/replay.h"

#include "tests/unit/lab.h"
#include "tools/common/conf-text.h"

enum { BLOCKS = 40, ENDLESS = 0x8000 };

/* Of conf-text.c only what is pure is called. */
int complain(const struct context *c, const char *format, ...)
{
	(void)c, (void)format;
	claim(false);
	return FAILED;
}

/* ---- input ---- */

struct input {
	const uint8_t *p, *end;
};

static uint32_t take(struct input *in, unsigned bytes)
{
	uint32_t v = 0;
	for (; bytes > 0 && in->p < in->end; bytes--)
		v = v << 8 | *in->p++;
	return v;
}

static size_t take_text(struct input *in, char *out, size_t room)
{
	size_t n = take(in, 1), there = (size_t)(in->end - in->p);
	n = n < there ? n : there;
	n = n < room ? n : room;
	memcpy(out, in->p, n);
	in->p += n;
	return n;
}

/* ---- the plain reading ---- */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* reach[i]: the pattern so far can stand for the name's first i bytes. */
static bool matches(const char *pattern, const struct name *n)
{
	bool reach[NAME_BYTES + 1] = {true};
	for (size_t k = 0; k < NAME_BYTES && pattern[k]; k++) {
		bool next[NAME_BYTES + 1] = {false};
		for (size_t i = 0; i <= n->len; i++) {
			if (pattern[k] == '*')
				next[i] = reach[i] || (i > 0 && next[i - 1]);
			else
				next[i] = i > 0 && reach[i - 1] && lower(pattern[k]) == n->text[i - 1];
		}
		memcpy(reach, next, sizeof reach);
	}
	return reach[n->len];
}

/* An exact name above all patterns, then the number of characters that are no `*`. */
static unsigned weight_of(const char *pattern)
{
	unsigned stars = 0, literal = 0;
	for (; *pattern; pattern++)
		*pattern == '*' ? stars++ : literal++;
	return stars ? literal : 1000 + literal;
}

/* Could a stickydns.conf have given that? */
static bool could_be_given(const struct setting_form *form, uint64_t value)
{
	const uint64_t low = value % (UINT64_C(1) << 32), high = value / (UINT64_C(1) << 32);
	const bool fits = low >= form->first.least && low <= form->first.most;
	const bool two = fits && high >= form->second.least && high <= form->second.most;
	return form->kind == SETTING_TAKES_WORD	   ? value < form->n_words
	       : form->kind == SETTING_TAKES_TIMES ? two && low <= high
	       : form->kind == SETTING_TAKES_SENDS ? two
	       : form->kind == SETTING_TAKES_CODES ? value < UINT64_C(1) << STATUSES
	       : form->kind == SETTING_TAKES_PORTS ? true
					   : (fits && high == 0) || (form->may_be_off && value == SETTING_OFF);
}

/* What holds, by a plain reading: block `i` of `bank` has its say where nothing weightier had. */
static void hear(const struct settings_record *r, int i, unsigned weight, unsigned best[static SETTINGS], struct effective *e)
{
	for (unsigned k = 0; k < SETTINGS; k++) {
		if (!(r->given >> k & 1) || weight < best[k] || !could_be_given(&setting_forms[k], r->value[k]))
			continue;
		best[k] = weight;
		e->from[k] = i;
		e->set.value[k] = r->value[k];
	}
}

static void expect(const struct table *t, const struct name *n, uint32_t hosts)
{
	const struct settings_bank *bank = &t->settings[t->header->settings_bank & 1];
	unsigned best[SETTINGS] = {0};
	struct effective plain = {settings_builtin(), {0}}, e;
	for (unsigned k = 0; k < SETTINGS; k++)
		plain.from[k] = FROM_BUILTIN;
	hear(&bank->defaults, FROM_DEFAULT, 0, best, &plain);
	for (int i = 0; i < SETTINGS_HOSTS && (uint32_t)i < hosts; i++) {
		char pattern[NAME_BYTES];
		settings_pattern(t, i, pattern);
		claim(memchr(pattern, '\0', sizeof pattern));
		if (bank->host[i].given && matches(pattern, n))
			hear(&bank->host[i], i, weight_of(pattern), best, &plain);
	}
	settings_effective(t, n, &e);
	claim(memcmp(&e, &plain, sizeof e) == 0);
}

/* ---- a bank as no store writes it ---- */

static struct settings_block blocks[BLOCKS];

/* Such as the keys take, and such as none does. */
static const uint64_t values[] = {0, 1, 3, 30, 101, 300, 10800, SETTING_OFF, PAIR(30, 300), PAIR(4, 7400), PAIR(9, 2), UINT64_MAX - 3};

static size_t fill(struct input *in, struct settings_bank *bank, size_t places[static BLOCKS])
{
	size_t n = 0;
	for (; n < BLOCKS && in->p < in->end; n++) {
		struct settings_block *b = &blocks[n];
		const uint32_t place = take(in, 2);
		*b = (struct settings_block){.given = take(in, 2)};
		b->given |= b->given << 16;
		const size_t len = take_text(in, b->pattern, sizeof b->pattern);
		for (size_t i = len; place & ENDLESS && i < sizeof b->pattern; i++)
			b->pattern[i] = len ? b->pattern[i % len] : '*';
		places[n] = place % (SETTINGS_HOSTS + 1);
		struct settings_record *r = places[n] ? &bank->host[places[n] - 1] : &bank->defaults;
		for (size_t i = 0; i < NAME_WORDS; i++) {
			uint64_t word;
			memcpy(&word, b->pattern + 8 * i, sizeof word);
			r->pattern[i] = word;
		}
		for (unsigned k = 0; k < SETTINGS; k++)
			r->value[k] = b->set.value[k] = values[(n + k) % (sizeof values / sizeof *values)] + n % 4;
		r->given = b->given;
	}
	return n;
}

static void clear(struct settings_bank *bank, const size_t places[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		memset(places[i] ? &bank->host[places[i] - 1] : &bank->defaults, 0, sizeof bank->defaults);
}

static void try_bank(struct input in)
{
	static struct lab lab;
	char text[NAME_BYTES] = "";
	struct name name;
	size_t places[BLOCKS];
	if (!lab.t.header)
		lab_open(&lab, 4);
	take_text(&in, text, sizeof text - 1);
	if (name_canonical(text, &name) != NAME_OK)
		return;
	struct settings_bank *bank = &lab.t.settings[lab.t.header->settings_bank & 1];
	const uint32_t hosts = take(&in, 4);
	bank->hosts = hosts;
	const size_t n = fill(&in, bank, places);
	expect(&lab.t, &name, hosts);
	clear(bank, places, n);

	claim(settings_store(&lab.t, &(struct settings_block){0}, blocks, n, NULL));
	expect(&lab.t, &name, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		char pattern[NAME_BYTES];
		settings_pattern(&lab.t, (int)i, pattern);
		claim(strncmp(pattern, blocks[i].pattern, NAME_BYTES - 1) == 0);
	}
	claim(settings_store(&lab.t, &(struct settings_block){0}, blocks, 0, NULL));
}

/* ---- text ---- */

static int lines_of(const char *text) { return conf_text_line(text, text + strlen(text)); }

static void try_text(const char *text)
{
	const char *what = NULL;
	char *parted = conf_text_parted(text), *again = parted ? conf_text_parted(parted) : NULL;
	claim(parted && again && strcmp(parted, again) == 0);
	claim(lines_of(parted) == lines_of(text));
	claim(strstr(text, "absent") || strcmp(text, parted) == 0);
	const int line = conf_text_open(text, &what);
	claim(line >= 0 && line <= lines_of(text) && what);
	claim(line == 0 || strchr(text, '{') || strstr(text, "/*"));
	free(parted);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	claim(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	try_text(text);
	free(text);
	try_bank((struct input){data, data + size});
	return 0;
}
