/* exposition.c: see exposition.h. */
#include "tools/pinkeeper/exposition.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PIECE = 1 << 12, LARGEST_PIECE = 1 << 18 };

static bool add_piece(struct exposition *x)
{
	const size_t twice = x->last ? 2 * x->last->room : FIRST_PIECE, room = twice < LARGEST_PIECE ? twice : LARGEST_PIECE;
	struct piece *const p = malloc(sizeof *p + room);
	if (!p)
		return false;
	*p = (struct piece){.room = room};
	*(x->last ? &x->last->next : &x->first) = p;
	x->last = p;
	return true;
}

static void put(struct exposition *x, const char *bytes, size_t n)
{
	while (n > 0) {
		struct piece *const p = x->last;
		if (!p || p->length == p->room) {
			x->failed |= !add_piece(x);
			if (x->failed)
				return;
			continue;
		}
		const size_t some = n < p->room - p->length ? n : p->room - p->length;
		memcpy(p->text + p->length, bytes, some);
		p->length += some;
		bytes += some;
		n -= some;
	}
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
	if (more->first) {
		*(x->last ? &x->last->next : &x->first) = more->first;
		x->last = more->last;
	}
	x->failed |= more->failed;
	*more = (struct exposition){0};
}

void expose_free(struct exposition *x)
{
	struct piece *next;
	for (struct piece *p = x->first; p; p = next) {
		next = p->next;
		free(p);
	}
	*x = (struct exposition){0};
}
