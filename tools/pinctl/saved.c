/* saved.c: reads a saved table. See saved.h. */
#include "tools/pinctl/saved.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/format.h"

enum { WORDS = CANDIDATES + 5, LINE = 8192, CHUNK = 1 << 16 };

#define SPACE " \t\r\n"

void saved_time(time_t t, char out[static SAVED_TIME])
{
	struct tm tm;
	if (!gmtime_r(&t, &tm) || strftime(out, SAVED_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strcpy(out, "-");
}

/* A machine without a clock of its own boots into 1970, and saw things before that: long ago, but not 0, which is never. */
static bool time_read(const char *word, time_t *out)
{
	struct tm tm = {0};
	const char *end = strptime(word, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return false;
	*out = timegm(&tm);
	if (*out < 1)
		*out = 1;
	return true;
}

/* ---- the file ---- */

void saved_free(struct saved *s)
{
	free(s->text);
	*s = (struct saved){0};
}

/* As much as a text may have and one byte more, with a NUL behind; NULL without the memory. */
static char *read_all(FILE *f, size_t *size)
{
	char *text = NULL;
	size_t room = 0, n = 1;
	for (*size = 0; n > 0 && *size <= SAVED_BYTES; *size += n) {
		if (room - *size < CHUNK) {
			char *more = realloc(text, room = 2 * room + 2 * CHUNK);
			if (!more)
				return free(text), NULL;
			text = more;
		}
		const size_t wanted = SAVED_BYTES + 1 - *size;
		n = fread(text + *size, 1, wanted < room - *size ? wanted : room - *size - 1, f);
	}
	text[*size] = '\0';
	return text;
}

int saved_load(const struct context *c, FILE *f, const char *name, struct saved *out)
{
	size_t size;
	errno = 0;
	*out = (struct saved){name, read_all(f, &size)};
	if (!out->text)
		return complain(c, "out of memory");
	if (ferror(f))
		return complain(c, "%s: %s", name, strerror(errno));
	if (size > SAVED_BYTES)
		return complain(c, "%s: longer than %d MiB", name, SAVED_BYTES >> 20);
	return strlen(out->text) == size ? DONE : complain(c, "%s: a NUL byte", name);
}

/* ---- one line ---- */

/* The words of a line, in place. More than fit are one too many for every kind of line. */
static size_t split(char *line, char *words[static WORDS])
{
	size_t n = 0;
	char *save = NULL;
	for (char *w = strtok_r(line, SPACE, &save); w && n < WORDS; w = strtok_r(NULL, SPACE, &save))
		words[n++] = w;
	return n;
}

static int parse_drain(const struct context *at, char **words, size_t n, struct saved_entry *e)
{
	e->n = 1;
	e->servers[0] = (struct server){0};
	return n == 2 ? server_address_parse(at, words[1], &e->servers[0].addr) : complain(at, "one address is wanted");
}

static int parse_until(const struct context *at, char **words, size_t *n, struct saved_entry *e)
{
	if (*n < 4 || strcmp(words[*n - 2], "until") != 0)
		return DONE;
	*n -= 2;
	return time_read(words[*n + 1], &e->time) ? DONE : complain(at, "not a time: '%s'", words[*n + 1]);
}

/* "fe80::7%eth7" without an eth7: the file is right, and the machine another, or not all there yet. */
static bool interface_gone(const char *word)
{
	char plain[INET6_ADDRSTRLEN];
	struct in6_addr bytes;
	struct address a;
	const size_t len = strcspn(word, "%");
	if (len >= sizeof plain || word[len] == '\0' || word[len + 1] == '\0')
		return false;
	memcpy(plain, word, len);
	plain[len] = '\0';
	return inet_pton(AF_INET6, plain, &bytes) == 1 && IN6_IS_ADDR_LINKLOCAL(&bytes) && !address_parse(word, &a);
}

/* Such an address of a plain name is noted in the entry, to be left out. */
static bool leave_out(struct saved_entry *e, const char *word)
{
	if (name_is_service(&e->name) || !interface_gone(word))
		return false;
	e->gone = word;
	return true;
}

/* What DNS gave, also such as no server can have (0.0.0.0 of a name that is blocked): the table has it, and save wrote it. */
static int parse_given(const struct context *at, const struct name *name, const char *word, struct server *out)
{
	if (name_is_service(name))
		return server_parse(at, name, word, out);
	*out = (struct server){0};
	return address_parse(word, &out->addr) ? DONE : complain(at, "not an address: '%s'", word);
}

static int parse_pin(const struct context *at, char **words, size_t n, struct saved_entry *e)
{
	int status = e->kind == SAVED_SET ? parse_until(at, words, &n, e) : DONE;
	if (status == DONE)
		status = n < 3 ? complain(at, "a name and its pin are missing") : host_parse(at, words[1], &e->name);
	if (status == DONE && n - 2 > (e->kind == SAVED_SET ? PREFERENCES : 1))
		status = complain(at, "one word too many: '%s'", words[n - 1]);
	if (status == DONE && e->kind == SAVED_AUTO)
		return leave_out(e, words[2]) ? DONE : parse_given(at, &e->name, words[2], &e->servers[e->n++]);
	for (size_t i = 2; status == DONE && i < n; i++)
		status = server_list_take(at, &e->name, words[i], e->servers, e->n++);
	return status;
}

/* "sbc1.example.com:5060:10:60": takes priority and weight off the end of the word. */
static int parse_record(const struct context *at, char *word, struct srv_record *out)
{
	uint32_t first = 0, second = 0;
	char *weight = strrchr(word, ':');
	if (weight)
		*weight = '\0';
	char *priority = strrchr(word, ':');
	const bool whole = weight && priority && number_parse(priority + 1, 0, UINT16_MAX, &first) &&
			   number_parse(weight + 1, 0, UINT16_MAX, &second);
	if (weight && !whole)
		*weight = ':';
	if (!whole)
		return complain(at, "not TARGET:PORT:PRIORITY:WEIGHT: '%s'", word);
	*priority = '\0';
	*out = (struct srv_record){.priority = (uint16_t)first, .weight = (uint16_t)second};
	return DONE;
}

static int parse_seen(const struct context *at, char **words, size_t n, struct saved_entry *e)
{
	int status = n < 4 ? complain(at, "a name, a time or what DNS said is missing") : host_parse(at, words[1], &e->name);
	if (status == DONE && !time_read(words[2], &e->time))
		status = complain(at, "not a time: '%s'", words[2]);
	if (status == DONE && n - 3 > CANDIDATES)
		status = complain(at, "one word too many: '%s'", words[n - 1]);
	for (size_t i = 3; status == DONE && i < n; i++) {
		if (leave_out(e, words[i]))
			continue;
		if (name_is_service(&e->name))
			status = parse_record(at, words[i], &e->records[e->n]);
		if (status == DONE)
			status = parse_given(at, &e->name, words[i], &e->servers[e->n++]);
	}
	return status;
}

static const struct {
	const char *word;
	int (*parse)(const struct context *at, char **words, size_t n, struct saved_entry *e);
} kinds[] = {
	[SAVED_DRAIN] = {"drain", parse_drain}, [SAVED_SET] = {"set", parse_pin},
	[SAVED_AUTO] = {"auto", parse_pin},	[SAVED_SEEN] = {"seen", parse_seen},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* Which the first word of a line says; KINDS for another. */
static unsigned kind_of(const char *line)
{
	unsigned k = 0;
	const char *word = line + strspn(line, SPACE);
	const size_t len = strcspn(word, SPACE);
	while (k < KINDS && (strncmp(kinds[k].word, word, len) != 0 || kinds[k].word[len]))
		k++;
	return k;
}

static int parse_entry(const struct context *at, unsigned kind, char **words, size_t n, struct saved_entry *e)
{
	if (kind == KINDS)
		return complain(at, "not understood: '%s'", words[0]);
	e->kind = (enum saved_kind)kind;
	e->gone = NULL;
	e->n = 0;
	e->time = 0;
	return kinds[kind].parse(at, words, n, e) == DONE ? DONE : FAILED;
}

/* ---- the whole ---- */

enum stage { AT_START, WITHIN, AT_END };

/* What stands in a line that is no entry. */
static int parse_frame(const struct context *at, char **words, size_t n, enum stage *stage)
{
	if (*stage == AT_END)
		return complain(at, "after the end: '%s'", words[0]);
	if (*stage == AT_START && (n != 2 || strcmp(words[0], "stickydns") != 0))
		return complain(at, "no saved table: '%s'", words[0]);
	if (*stage == AT_START && strcmp(words[1], "1") != 0 && strcmp(words[1], "2") != 0)
		return complain(at, "of another version: '%s'", words[1]);
	if (*stage == WITHIN && n > 1)
		return complain(at, "one word too many: '%s'", words[1]);
	(*stage)++;
	return DONE;
}

/* Copies a line out; the one after it, or NULL: it was the last. */
static const char *next_line(const char *text, char line[static LINE], bool *whole)
{
	const char *end = strchrnul(text, '\n');
	const size_t len = (size_t)(end - text);
	*whole = len < LINE;
	memcpy(line, text, *whole ? len : LINE - 1);
	line[*whole ? len : LINE - 1] = '\0';
	return *end && end[1] ? end + 1 : NULL;
}

static int each_line(const struct context *at, char *line, unsigned wanted, enum stage *stage, saved_fn *each, void *arg)
{
	char *words[WORDS];
	struct saved_entry e;
	const unsigned kind = kind_of(line);
	if (*line == '#' || (*stage == WITHIN && kind < KINDS && !(wanted >> kind & 1)))
		return DONE;
	const size_t n = split(line, words);
	if (n > 0 && (*stage != WITHIN || strcmp(words[0], "end") == 0))
		return parse_frame(at, words, n, stage);
	const int status = n > 0 ? parse_entry(at, kind, words, n, &e) : DONE;
	return n == 0 || status != DONE ? status : each(arg, &e);
}

int saved_each(const struct context *c, const struct saved *s, unsigned wanted, saved_fn *each, void *arg)
{
	char line[LINE], complaint[COMPLAINT_TEXT] = "";
	const struct context at = {.complaint = complaint};
	enum stage stage = AT_START;
	size_t number = 0;
	int status = DONE;
	for (const char *text = s->text; status == DONE && text;) {
		bool whole;
		text = next_line(text, line, &whole);
		number++;
		status = whole ? each_line(&at, line, wanted, &stage, each, arg) : complain(&at, "longer than %d bytes", LINE - 1);
	}
	if (*complaint)					/* of that line */
		complain(c, "%s:%zu: %s", s->name, number, complaint);
	if (status == DONE && stage != AT_END)
		status = complain(c, "%s: cut short, or no saved table: no 'end'", s->name);
	return status;
}
