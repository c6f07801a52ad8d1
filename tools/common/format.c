/* format.c: people, tabs, JSON. See format.h. */
#include "tools/common/format.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- text ---- */

void text_safe(const char *in, char *out, size_t size)
{
	size_t i = 0;
	for (; in[i] != '\0' && i + 1 < size; i++)
		out[i] = in[i] >= ' ' && in[i] < 0x7f ? in[i] : '?';
	out[i] = '\0';
}

/* U+0080 to U+009F as UTF-8 has them, of which terminals take one for ESC [. */
static bool is_c1(const char *p)
{
	return (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] >= 0x80 && (unsigned char)p[1] <= 0x9f;
}

void text_line(const char *in, char *out, size_t size)
{
	size_t i = 0;
	for (; in[i] != '\0' && i + 1 < size; i++) {
		const bool control = (unsigned char)in[i] < ' ' || in[i] == 0x7f || is_c1(in + i) || (i > 0 && is_c1(in + i - 1));
		out[i] = control ? '?' : in[i];
	}
	out[i] = '\0';
}

void age_text(uint32_t seconds, char out[static AGE_TEXT])
{
	static const struct {
		uint32_t least, unit;
		char letter;
	} steps[] = {{2 * 86400, 86400, 'd'}, {2 * 3600, 3600, 'h'}, {2 * 60, 60, 'm'}, {0, 1, 's'}};
	size_t i = 0;
	if (seconds == UINT32_MAX) {
		snprintf(out, AGE_TEXT, "-");
		return;
	}
	while (seconds < steps[i].least)
		i++;
	snprintf(out, AGE_TEXT, "%u%c", seconds / steps[i].unit, steps[i].letter);
}

void time_text(uint32_t seconds, char out[static AGE_TEXT])
{
	static const struct {
		uint32_t unit;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;
	if (seconds == SETTING_OFF) {
		snprintf(out, AGE_TEXT, "off");
		return;
	}
	while (units[i].unit > 1 && (seconds == 0 || seconds % units[i].unit != 0))
		i++;
	snprintf(out, AGE_TEXT, "%u%c", seconds / units[i].unit, units[i].letter);
}

bool number_parse(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
	uint64_t n = 0;
	if (*text == '\0')
		return false;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || (n = n * 10 + (uint64_t)(*p - '0')) > most)
			return false;
	}
	*out = (uint32_t)n;
	return n >= least;
}

bool time_parse(const char *text, uint32_t *seconds)
{
	char digits[16];
	size_t len = strspn(text, "0123456789");
	uint32_t unit = text[len] == '\0' ? 1 : text[len + 1] == '\0' ? time_unit_seconds(text[len]) : 0;
	if (strcmp(text, "off") == 0) {
		*seconds = SETTING_OFF;
		return true;
	}
	if (unit == 0 || len >= sizeof digits)
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!number_parse(digits, 0, TIME_MAX_S / unit, seconds))
		return false;
	*seconds *= unit;
	return true;
}

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353" */
bool endpoint_parse(const char *word, uint16_t default_port, struct endpoint *out)
{
	char text[ADDRESS_TEXT + 16];
	const char *host = text, *port = NULL;
	uint32_t number = default_port;
	if (strlen(word) >= sizeof text)
		return false;
	strcpy(text, word);
	char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	char *colon = bracket ? bracket + 1 : strchr(text, ':');
	if (bracket && *colon != '\0' && *colon != ':')
		return false;
	if (bracket)
		*bracket = '\0', host = text + 1;
	if (colon && *colon && (bracket || !strchr(colon + 1, ':')))
		*colon = '\0', port = colon + 1;
	if (port && !number_parse(port, 1, 65535, &number))
		return false;
	*out = (struct endpoint){.port = (uint16_t)number};
	return address_parse(host, &out->addr);
}

/* ---- rows ---- */

struct grid grid_begin(const char *const *titles, size_t columns)
{
	struct grid g = {.titles = titles, .columns = columns, .pretty = isatty(STDOUT_FILENO) == 1};
	if (g.pretty)
		grid_row(&g, titles);
	return g;
}

static bool grid_grow(struct grid *g)
{
	size_t room = g->room ? 2 * g->room : 64;
	char **cells = reallocarray(g->cells, room * g->columns, sizeof *cells);
	if (!cells)
		return false;
	g->cells = cells;
	g->room = room;
	return true;
}

static void print_tabs(const struct grid *g, const char *const *cells)
{
	for (size_t i = 0; i < g->columns; i++)
		printf("%s%s", i ? "\t" : "", cells[i]);
	putchar('\n');
}

void grid_row(struct grid *g, const char *const *cells)
{
	if (!g->pretty) {
		print_tabs(g, cells);
		return;
	}
	if (g->rows == g->room && !grid_grow(g)) {
		g->lost = true;
		return;
	}
	for (size_t i = 0; i < g->columns; i++) {
		char *cell = strdup(cells[i]);
		g->lost = g->lost || !cell;
		g->cells[g->rows * g->columns + i] = cell;
	}
	g->rows++;
}

static const char *cell_at(const struct grid *g, size_t row, size_t column)
{
	const char *cell = g->cells[row * g->columns + column];
	return cell ? cell : "";
}

static void print_pretty(const struct grid *g)
{
	size_t width[GRID_COLUMNS] = {0};
	for (size_t r = 0; r < g->rows; r++)
		for (size_t c = 0; c < g->columns && c < GRID_COLUMNS; c++)
			if (strlen(cell_at(g, r, c)) > width[c])
				width[c] = strlen(cell_at(g, r, c));
	for (size_t r = 0; r < g->rows; r++) {
		for (size_t c = 0; c < g->columns && c < GRID_COLUMNS; c++) {
			bool last = c + 1 == g->columns;
			printf("%-*s%s", last ? 0 : (int)width[c], cell_at(g, r, c), last ? "\n" : "  ");
		}
	}
}

bool grid_end(struct grid *g)
{
	bool whole = !g->lost;
	if (g->pretty)
		print_pretty(g);
	for (size_t i = 0; i < g->rows * g->columns; i++)
		free(g->cells[i]);
	free(g->cells);
	*g = (struct grid){0};
	return whole;
}

/* ---- JSON on stdout ---- */

static bool json_put(json_t *j)
{
	bool done = j && json_dumpf(j, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY) == 0;
	json_decref(j);
	return done;
}

bool json_line(json_t *j)
{
	bool done = json_put(j);
	putchar('\n');
	return done;
}

bool json_element(json_t *j, size_t *count)
{
	if (!j)
		return false;
	fputs((*count)++ == 0 ? "[\n" : ",\n", stdout);
	return json_put(j);
}

void json_array_end(size_t count) { puts(count == 0 ? "[]" : "\n]"); }

json_t *json_seconds(uint32_t s) { return s == UINT32_MAX ? json_null() : json_integer(s); }

json_t *json_text(const char *s)
{
	char safe[512];
	text_safe(s, safe, sizeof safe);
	return *safe ? json_string(safe) : json_null();
}

json_t *json_words(const char *s)
{
	const size_t size = strlen(s) + 1;
	char *safe = malloc(size);
	if (!safe)
		return NULL;
	text_line(s, safe, size);
	json_t *j = *safe ? json_string(safe) : json_null();
	if (!j) {				/* no UTF-8 */
		text_safe(s, safe, size);
		j = json_string(safe);
	}
	free(safe);
	return j;
}

json_t *json_address(const struct table *t, const struct address *a)
{
	char text[TARGET_TEXT];
	target_format(t, a, text);
	return json_string(text);
}

json_t *json_target(const struct table *t, const struct address *target)
{
	struct name_ref ref;
	struct name host;
	return target_host(t, target, &ref, &host) ? json_text(host.text) : json_null();
}
