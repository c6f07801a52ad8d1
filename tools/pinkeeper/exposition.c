/* exposition.c: see exposition.h. */
#include "tools/pinkeeper/exposition.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct exposition *x, const char *bytes, size_t n)
{
	if (x->length + n > x->room) {
		const size_t room = 2 * (x->length + n) + 256;
		char *const text = realloc(x->text, room);
		x->failed |= !text;
		if (!text)
			return;
		x->text = text;
		x->room = room;
	}
	memcpy(x->text + x->length, bytes, n);
	x->length += n;
}

static void put_text(struct exposition *x, const char *text) { put(x, text, strlen(text)); }

/* Backslash, newline and, in a label's value, the quote are escaped. What is not printable ASCII may be no UTF-8: a '?'. */
static void put_escaped(struct exposition *x, const char *text, const char *special)
{
	for (; *text; text++) {
		const char c = *text == '\n' || (*text >= ' ' && *text < 0x7f) ? *text : '?';
		if (strchr(special, c))
			put(x, "\\", 1);
		put(x, c == '\n' ? "n" : &c, 1);
	}
}

void expose_metric(struct exposition *x, enum metric_type type, const char *name, const char *help)
{
	x->metric = name;
	put_text(x, "# HELP ");
	put_text(x, name);
	put_text(x, " ");
	put_escaped(x, help, "\\\n");
	put_text(x, "\n# TYPE ");
	put_text(x, name);
	put_text(x, type == METRIC_COUNTER ? " counter\n" : " gauge\n");
}

void expose_sample(struct exposition *x, double value, ...)
{
	char number[32];
	const char *label, *before = "{";
	va_list labels;
	put_text(x, x->metric);
	va_start(labels, value);
	while ((label = va_arg(labels, const char *))) {
		put_text(x, before);
		put_text(x, label);
		put_text(x, "=\"");
		put_escaped(x, va_arg(labels, const char *), "\\\n\"");
		put_text(x, "\"");
		before = ",";
	}
	va_end(labels);
	snprintf(number, sizeof number, "%s %.15g\n", *before == ',' ? "}" : "", value);
	put_text(x, number);
}

void expose_append(struct exposition *x, struct exposition *more)
{
	put(x, more->text, more->length);
	x->failed |= more->failed;
	free(more->text);
	*more = (struct exposition){0};
}
