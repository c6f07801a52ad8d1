/* exposition.c: the text for Prometheus: what is escaped, how samples look, text of many pieces. */
#include "tools/pinkeeper/exposition.h"
#include "tests/unit/check.h"

#include <stdlib.h>

/* The whole text, NUL-terminated. */
static char *text_of(const struct exposition *x)
{
	size_t length = 0;
	for (const struct piece *p = x->first; p; p = p->next)
		length += p->length;
	char *text = malloc(length + 1), *end = text;
	if (!text)
		abort();
	for (const struct piece *p = x->first; p; end += p->length, p = p->next)
		memcpy(end, p->text, p->length);
	*end = '\0';
	return text;
}

static void check_exposition(struct exposition *x, const char *expected)
{
	char *text = text_of(x);
	check_text("text", expected, text);
	check_true("whole", !x->failed);
	free(text);
	expose_free(x);
}

static void values(void)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0, "m 0\n"}, {1, "m 1\n"}, {0.25, "m 0.25\n"}, {-3, "m -3\n"}, {18446744073709551615.0, "m 1.84467440737096e+19\n"},
		{999999999999999, "m 999999999999999\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct exposition x = {.metric = "m"};
		check_row("value %s", rows[i].text);
		expose_sample(&x, rows[i].value, NULL);
		check_exposition(&x, rows[i].text);
	}
}

static void labels(void)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{"", "m{l=\"\"} 1\n"}, {"sip.example.com", "m{l=\"sip.example.com\"} 1\n"}, {"a\"b", "m{l=\"a\\\"b\"} 1\n"},
		{"a\\b", "m{l=\"a\\\\b\"} 1\n"}, {"a\nb", "m{l=\"a\\nb\"} 1\n"}, {"a\tb\x7f\xff", "m{l=\"a?b??\"} 1\n"},
		{"}{,=", "m{l=\"}{,=\"} 1\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct exposition x = {.metric = "m"};
		check_row("label %s", rows[i].text);
		expose_sample(&x, 1, "l", rows[i].value, NULL);
		check_exposition(&x, rows[i].text);
	}
}

static void metrics(void)
{
	struct exposition x = {0}, more = {0}, none = {0};
	check_row("a metric, its samples, and another that is appended");
	expose_metric(&x, METRIC_COUNTER, "a_total", "What \"a\" is: back\\slash\nand line.");
	expose_sample(&x, 1, "x", "1", "y", "2", NULL);
	expose_sample(&x, 2, "x", "2", "y", "2", NULL);
	expose_metric(&more, METRIC_GAUGE, "b", "B.");
	expose_sample(&more, 3, NULL);
	expose_append(&x, &more);
	expose_append(&x, &none);
	check_true("empty", !more.first);
	check_exposition(&x, "# HELP a_total What \"a\" is: back\\\\slash\\nand line.\n# TYPE a_total counter\n"
			     "a_total{x=\"1\",y=\"2\"} 1\na_total{x=\"2\",y=\"2\"} 2\n"
			     "# HELP b B.\n# TYPE b gauge\nb 3\n");
}

static void many_pieces(void)
{
	enum { SAMPLES = 100000 };
	static char expected[SAMPLES * 16];
	struct exposition x = {.metric = "m"};
	check_row("a text of many pieces");
	for (unsigned i = 0, at = 0; i < SAMPLES; i++) {
		expose_sample(&x, i, NULL);
		at += (unsigned)sprintf(expected + at, "m %u\n", i);
	}
	check_true("more than one piece", x.first != x.last);
	check_exposition(&x, expected);
}

int main(void)
{
	values();
	labels();
	metrics();
	many_pieces();
	return check_done();
}
