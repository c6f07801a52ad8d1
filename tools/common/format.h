/*
 * format.h: the three forms of output: a table for people, tabs for scripts, JSON for programs; and the words in them.
 *
 * What comes from the table or the journal is untrusted. text_safe() stands between it
 * and a terminal, and between it and jansson, which takes UTF-8 only.
 */
#ifndef STICKYDNS_FORMAT_H
#define STICKYDNS_FORMAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/base/date.h"
#include "policy/pins/srv.h"
#include "policy/table/settings.h"

/* ---- text ---- */

/* Copy, what is not printable ASCII replaced by '?'. Always ends with NUL. */
void text_safe(const char *in, char *out, size_t size);

/* The same for words of the user's own, in whatever encoding: control characters only. Not in place. */
void text_line(const char *in, char *out, size_t size);

enum { AGE_TEXT = 24 };

/* "42s", "5m", "3h", "2d"; "-" for UINT32_MAX. */
void age_text(uint32_t seconds, char out[static AGE_TEXT]);

/* A time as stickydns.conf takes it, nothing lost: "90s", "5m", "off". */
void time_text(uint32_t seconds, char out[static AGE_TEXT]);

/*
 * 0, 30, 30s, 5m, 3h, 1d: seconds up to TIME_MAX_S; `off` as SETTING_OFF. False: none of these.
 */
bool time_parse(const char *text, uint32_t *seconds);

/* Of s, m, h or d; 0: none of them. */
static inline uint32_t time_unit_seconds(char letter)
{
	switch (letter) {
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 3600;
	case 'd': return 86400;
	default: return 0;
	}
}

/* A whole number from `least` to `most`, digits only. */
bool number_parse(const char *text, uint32_t least, uint32_t most, uint32_t *out);

/* "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]:5060". False: none of these. */
bool endpoint_parse(const char *text, uint16_t default_port, struct endpoint *out);

/* ---- rows ---- */

enum { GRID_COLUMNS = 10 };

/* Rows of cells: aligned under titles on a terminal, else separated by tabs, without titles. */
struct grid {
	const char *const *titles;
	size_t columns;
	bool pretty;
	char **cells;			/* of a pretty one, until its end: widths come from all */
	size_t rows, room;
	bool lost;			/* out of memory: rows are missing */
};

/* A grid of `columns` columns on stdout. */
struct grid grid_begin(const char *const *titles, size_t columns);
void grid_row(struct grid *g, const char *const *cells);

/* Print what is left and free it. False: out of memory, rows were lost. */
bool grid_end(struct grid *g);

/* ---- JSON on stdout ---- */

/* Print one value on a line of its own and free it. False: `j` is NULL, or jansson failed. */
bool json_line(json_t *j);

/* Print `j` as the next element of an array that began with *count = 0, and free it. */
bool json_element(json_t *j, size_t *count);
void json_array_end(size_t count);

/* JSON null where there is nothing: UINT32_MAX, or "". */
json_t *json_seconds(uint32_t s);
json_t *json_text(const char *s);

/* The same for words of the user's own, of any length: what is UTF-8 stays, but for control characters. */
json_t *json_words(const char *s);
json_t *json_address(const struct table *t, const struct address *a);

/* The host of a target; null if the table has forgotten it. */
json_t *json_target(const struct table *t, const struct address *target);

#endif
