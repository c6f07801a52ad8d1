/* date.c: see date.h. */
#include "policy/base/date.h"

#include "policy/base/clock.h"

enum {
	DAY_S = 86400,
	DAYS_TO_1970 = 719468,			/* since March 1st of the year 0: each such year ends with its leap day */
	DAYS_400 = 146097, DAYS_100 = 36524, DAYS_4 = 1461, DAYS_1 = 365,	/* of so many years */
};

/* The last digits of n, and a character; the end. Not by snprintf(3): that takes 2 KiB of stack, of which a thread may have 16. */
static char *put(char *out, uint32_t n, unsigned digits, char after)
{
	for (unsigned i = digits; i > 0; n /= 10)
		out[--i] = (char)('0' + n % 10);
	out[digits] = after;
	return out + digits + 1;
}

void time_iso(uint64_t ns, char out[static TIME_TEXT])
{
	const uint64_t s = ns / NS_PER_S;
	const uint32_t days = (uint32_t)(s / DAY_S) + DAYS_TO_1970, second = (uint32_t)(s % DAY_S);
	const uint32_t era = days / DAYS_400, day = days % DAYS_400;
	const uint32_t year = (day - day / (DAYS_4 - 1) + day / DAYS_100 - day / (DAYS_400 - 1)) / DAYS_1;
	const uint32_t of_year = day - (DAYS_1 * year + year / 4 - year / 100);
	const uint32_t month = (5 * of_year + 2) / 153;		/* from March; five months have 153 days */
	char *p = put(out, era * 400 + year + (month >= 10), 4, '-');
	p = put(p, month < 10 ? month + 3 : month - 9, 2, '-');
	p = put(p, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
	p = put(p, second / 3600, 2, ':');
	p = put(p, second / 60 % 60, 2, ':');
	p = put(p, second % 60, 2, '.');
	p = put(p, (uint32_t)(ns / NS_PER_MS % 1000), 3, 'Z');
	*p = '\0';
}
