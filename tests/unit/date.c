/* date.c: times as text, beside what libc makes of them. */
#include "policy/base/date.h"
#include "tests/unit/check.h"

#include <time.h>

static const struct {
	uint64_t ns;
	const char *text;
} rows[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{951782399999999999, "2000-02-28T23:59:59.999Z"},
	{951782400000000000, "2000-02-29T00:00:00.000Z"},
	{1795980723127000000, "2026-11-29T19:32:03.127Z"},
	{4107542400000000000, "2100-03-01T00:00:00.000Z"},
	{UINT64_MAX, "2554-07-21T23:34:33.709Z"},
};

/* Each day of a whole cycle of the calendar and more, at a time that differs. */
static void every_day(void)
{
	unsigned wrong = 0;
	check_row("each day until 2500");
	for (time_t day = 0; day < 194000; day++) {
		const time_t s = day * 86400 + day * 7919 % 86400;
		char expected[TIME_TEXT], seen[TIME_TEXT];
		struct tm tm;
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&s, &tm));
		time_iso((uint64_t)s * 1000000000, seen);
		wrong += strcmp(expected, seen) != 0 && !check_text("day", expected, seen);
		if (wrong > 3)
			break;
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char seen[TIME_TEXT];
		time_iso(rows[i].ns, seen);
		check_row("%s", rows[i].text);
		check_text("text", rows[i].text, seen);
	}
	every_day();
	return check_done();
}
