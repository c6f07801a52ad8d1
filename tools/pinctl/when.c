/* when.c: see when.h. */
#include "tools/pinctl/when.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "policy/base/clock.h"
#include "tools/common/format.h"

/* A time in parts, as far as it is given. */
struct parts {
	struct tm tm;
	uint32_t ns;
	bool has_day, has_zone;
	long zone_s;			/* east of Greenwich */
};

/* Exactly `n` digits, as a number of at most `most`. */
static bool take_digits(const char **p, unsigned n, int most, int *out)
{
	*out = 0;
	for (unsigned i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return *out <= most;
}

static bool take(const char **p, char c) { return **p == c && ++*p; }

/* "2026-11-30" */
static bool take_day(const char **p, struct parts *out)
{
	struct tm *tm = &out->tm;
	if (!take_digits(p, 4, 9999, &tm->tm_year) || !take(p, '-') || !take_digits(p, 2, 12, &tm->tm_mon) || !take(p, '-') ||
	    !take_digits(p, 2, 31, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	struct tm same = *tm;			/* the 31st of February would come back as another day */
	return timegm(&same) != -1 && same.tm_mon == tm->tm_mon && same.tm_mday == tm->tm_mday;
}

/* "14:00", "14:00:30", "14:00:30.25" */
static bool take_clock(const char **p, struct parts *out)
{
	struct tm *tm = &out->tm;
	if (!take_digits(p, 2, 23, &tm->tm_hour) || !take(p, ':') || !take_digits(p, 2, 59, &tm->tm_min))
		return false;
	if (!take(p, ':'))
		return true;
	if (!take_digits(p, 2, 60, &tm->tm_sec))
		return false;
	if (!take(p, '.'))
		return true;
	const size_t digits = strspn(*p, "0123456789");
	uint32_t unit = NS_PER_S;
	for (size_t i = 0; i < digits; i++, (*p)++)
		out->ns += (uint32_t)(**p - '0') * (unit /= 10);
	return digits > 0;
}

/* "Z", "+01:00" */
static bool take_zone(const char **p, struct parts *out)
{
	int hours, minutes;
	const char sign = **p;
	out->has_zone = true;
	if (take(p, 'Z') || take(p, 'z'))
		return true;
	if ((!take(p, '+') && !take(p, '-')) || !take_digits(p, 2, 23, &hours) || !take(p, ':') || !take_digits(p, 2, 59, &minutes))
		return false;
	out->zone_s = (hours * 3600L + minutes * 60L) * (sign == '-' ? -1 : 1);
	return true;
}

static bool take_parts(const char *text, struct parts *out)
{
	const char *p = text;
	out->has_day = strlen(text) >= 5 && text[4] == '-';
	if (out->has_day && !take_day(&p, out))
		return false;
	if (out->has_day && *p && !take(&p, 'T') && !take(&p, 't') && !take(&p, ' '))
		return false;
	if ((!out->has_day || *p) && !take_clock(&p, out))
		return false;
	return (!*p || take_zone(&p, out)) && !*p;
}

/* Seconds since 1970. The day may be one too few: mktime(3) takes the 0th for the last of the month before. */
static time_t seconds_of(const struct parts *w)
{
	struct tm tm = w->tm;
	tm.tm_isdst = -1;
	return w->has_zone ? timegm(&tm) - w->zone_s : mktime(&tm);
}

static time_t latest_past(struct parts *w, uint64_t now_ns)
{
	const time_t now = (time_t)(now_ns / NS_PER_S), there = now + (w->has_zone ? w->zone_s : 0);
	struct tm today;
	(w->has_zone ? gmtime_r : localtime_r)(&there, &today);
	w->tm.tm_year = today.tm_year;
	w->tm.tm_mon = today.tm_mon;
	w->tm.tm_mday = today.tm_mday;
	if (seconds_of(w) > now)
		w->tm.tm_mday--;
	return seconds_of(w);
}

/* "1h30m"; each number has at most 9 digits. */
static bool take_length(const char *p, uint64_t *seconds)
{
	*seconds = 0;
	do {
		int number;
		const unsigned digits = (unsigned)strspn(p, "0123456789");
		if (digits == 0 || digits > 9 || !take_digits(&p, digits, INT_MAX, &number) || time_unit_seconds(*p) == 0)
			return false;
		*seconds += (uint64_t)number * time_unit_seconds(*p++);
	} while (*p);
	return true;
}

static bool parse_relative(const char *text, uint64_t now_ns, uint64_t *out)
{
	const bool ahead = *text == '+';
	uint64_t s;
	if (!take_length(text + (ahead || *text == '-'), &s) || s > now_ns / NS_PER_S)
		return false;
	*out = ahead ? now_ns + s * NS_PER_S : now_ns - s * NS_PER_S;
	return true;
}

bool when_parse(const char *text, uint64_t now_ns, uint64_t *out)
{
	struct parts w = {.tm = {.tm_mday = 1}};
	if (strcmp(text, "now") == 0)
		return *out = now_ns, true;
	if (parse_relative(text, now_ns, out))
		return true;
	if (!take_parts(text, &w))
		return false;
	const time_t s = w.has_day ? seconds_of(&w) : latest_past(&w, now_ns);
	if (s < 0 || (uint64_t)s >= UINT64_MAX / NS_PER_S)
		return false;
	*out = (uint64_t)s * NS_PER_S + w.ns;
	return true;
}
