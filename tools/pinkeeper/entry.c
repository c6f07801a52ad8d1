/* entry.c: see entry.h. */
#include "tools/pinkeeper/entry.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#define IDENTIFIER "pinkeeper"

struct datagram {
	char *bytes;
	size_t length;
};

/* Appends all of it or, where it does not fit, nothing. */
__attribute__((format(printf, 2, 3))) static bool put(struct datagram *d, const char *format, ...)
{
	const size_t room = ENTRY_BYTES - d->length;
	va_list ap;
	va_start(ap, format);
	const int n = vsnprintf(d->bytes + d->length, room, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		return false;
	d->length += (size_t)n;
	return true;
}

void entry_key(const char *key, char *out, size_t size)
{
	snprintf(out, size, "STICKYDNS_%s", key);
	for (; *out; out++)
		*out = (char)toupper((unsigned char)*out);
}

size_t entry_journald(const struct entry *e, char out[static ENTRY_BYTES])
{
	struct datagram d = {out, 0};
	char key[64];
	put(&d, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=" IDENTIFIER "\n", e->message, e->priority,
	    LOG_FAC(LOG_DAEMON));
	for (size_t i = 0; i < e->n; i++) {
		entry_key(e->field[i].key, key, sizeof key);
		put(&d, "%s=%s\n", key, e->field[i].value);
	}
	return d.length;
}

/* RFC 5424 6.3.3: what ends a value, or the fields, stands behind a backslash. */
static void escape(const char *value, char *out, size_t size)
{
	size_t n = 0;
	for (; *value && n + 3 < size; value++) {
		if (strchr("\"\\]", *value))
			out[n++] = '\\';
		out[n++] = *value;
	}
	out[n] = '\0';
}

size_t entry_syslog(const struct entry *e, uint64_t time_ns, uint32_t pid, char out[static ENTRY_BYTES])
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	const time_t s = (time_t)(time_ns / 1000000000u);
	struct datagram d = {out, 0};
	struct tm tm = {0};
	char value[1024];
	localtime_r(&s, &tm);
	put(&d, "<%d>%s %2d %02d:%02d:%02d " IDENTIFIER "[%u]: %s", LOG_DAEMON | e->priority, months[tm.tm_mon], tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)pid, e->message);
	for (size_t i = 0; i < e->n; i++) {
		escape(e->field[i].value, value, sizeof value);
		put(&d, "%s%s=\"%s\"", i == 0 ? " [" : " ", e->field[i].key, value);
	}
	if (e->n > 0)
		put(&d, "]");
	return d.length;
}
