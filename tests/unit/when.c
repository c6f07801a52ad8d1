/* when.c: points in time as people write them, in a zone that has summer time. */
#include "tools/pinctl/when.h"
#include "policy/base/date.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <time.h>

/* 2026-06-15T10:00:00Z, which is 12:00 there. */
#define NOW UINT64_C(1781517600000000000)

static const struct {
	const char *text, *time;		/* NULL: none */
} rows[] = {
	{"now", "2026-06-15T10:00:00.000Z"},
	{"1h", "2026-06-15T09:00:00.000Z"},
	{"-1h", "2026-06-15T09:00:00.000Z"},
	{"+1h", "2026-06-15T11:00:00.000Z"},
	{"1h30m", "2026-06-15T08:30:00.000Z"},
	{"2d", "2026-06-13T10:00:00.000Z"},
	{"0s", "2026-06-15T10:00:00.000Z"},
	{"12:00", "2026-06-15T10:00:00.000Z"},
	{"12:01", "2026-06-14T10:01:00.000Z"},
	{"00:30:15", "2026-06-14T22:30:15.000Z"},
	{"10:00Z", "2026-06-15T10:00:00.000Z"},
	{"10:01z", "2026-06-14T10:01:00.000Z"},
	{"23:30+14:00", "2026-06-15T09:30:00.000Z"},
	{"2026-06-15", "2026-06-14T22:00:00.000Z"},
	{"2026-06-15Z", NULL},
	{"2026-01-15 14:00", "2026-01-15T13:00:00.000Z"},
	{"2026-07-15 14:00", "2026-07-15T12:00:00.000Z"},
	{"2026-06-15 14:00:30.25", "2026-06-15T12:00:30.250Z"},
	{"2026-06-15T14:00:30Z", "2026-06-15T14:00:30.000Z"},
	{"2026-06-15T14:00:30.1234567891-01:30", "2026-06-15T15:30:30.123Z"},
	{"2028-02-29 00:00Z", "2028-02-29T00:00:00.000Z"},
	{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
	{"1969-12-31T23:59:59Z", NULL},
	{"2026-02-29", NULL},
	{"9999-12-31", NULL},
	{"2026-13-01", NULL},
	{"2026-00-01", NULL},
	{"2026-06-00", NULL},
	{"2026-06-15 24:00", NULL},
	{"2026-06-15 14", NULL},
	{"2026-06-15  14:00", NULL},
	{"2026-06-15 14:00 ", NULL},
	{"14:00:", NULL},
	{"14:60", NULL},
	{"14:00:30.", NULL},
	{"9:00", NULL},
	{"14", NULL},
	{"1x", NULL},
	{"1h30", NULL},
	{"--1h", NULL},
	{"-", NULL},
	{"+", NULL},
	{"off", NULL},
	{"", NULL},
	{"99999d", NULL},
	{"14:00+1:00", NULL},
	{"yesterday", NULL},
};

int main(void)
{
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t ns = 0;
		char text[TIME_TEXT] = "none";
		check_row("'%s'", rows[i].text);
		if (when_parse(rows[i].text, NOW, &ns))
			time_iso(ns, text);
		check_text("time", rows[i].time ? rows[i].time : "none", text);
	}
	return check_done();
}
