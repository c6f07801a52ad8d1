/* entry.c: an event as journald and syslog take it; and what waits for them. */
#include "tools/pinkeeper/entry.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <syslog.h>
#include <time.h>

#include "tools/pinkeeper/backlog.h"

static const struct entry moved = {
	LOG_WARNING, "moved sip.test 192.0.2.1 -> 192.0.2.2: it failed", 3,
	{{"event", "moved"}, {"name", "sip.test"}, {"cause", "it failed"}},
};

static void forms(void)
{
	const struct entry odd = {LOG_INFO, "failed", 1, {{"comm", "a\"b\\c]d"}}}, bare = {LOG_INFO, "12 events lost", 0, {{0}}};
	static const struct row {
		const char *journald, *syslog;
	} rows[] = {
		{"MESSAGE=moved sip.test 192.0.2.1 -> 192.0.2.2: it failed\nPRIORITY=4\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=pinkeeper\n"
		 "STICKYDNS_EVENT=moved\nSTICKYDNS_NAME=sip.test\nSTICKYDNS_CAUSE=it failed\n",
		 "<28>Nov  3 04:05:06 pinkeeper[42]: moved sip.test 192.0.2.1 -> 192.0.2.2: it failed "
		 "[event=\"moved\" name=\"sip.test\" cause=\"it failed\"]"},
		{"MESSAGE=failed\nPRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=pinkeeper\nSTICKYDNS_COMM=a\"b\\c]d\n",
		 "<30>Nov  3 04:05:06 pinkeeper[42]: failed [comm=\"a\\\"b\\\\c\\]d\"]"},
		{"MESSAGE=12 events lost\nPRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=pinkeeper\n",
		 "<30>Nov  3 04:05:06 pinkeeper[42]: 12 events lost"},
	};
	const struct entry *entries[] = {&moved, &odd, &bare};
	struct tm tm = {.tm_year = 126, .tm_mon = 10, .tm_mday = 3, .tm_hour = 4, .tm_min = 5, .tm_sec = 6};
	const uint64_t time_ns = (uint64_t)timegm(&tm) * 1000000000u;
	char out[ENTRY_BYTES];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("%s", entries[i]->message);
		check_number("length", strlen(rows[i].journald), entry_journald(entries[i], out));
		check_text("journald", rows[i].journald, out);
		check_number("length", strlen(rows[i].syslog), entry_syslog(entries[i], time_ns, 42, out));
		check_text("syslog", rows[i].syslog, out);
	}
}

/* A field that does not fit is left out whole; those behind it may fit. */
static void long_fields(void)
{
	static char longer[ENTRY_BYTES], out[ENTRY_BYTES];
	struct entry e = moved;
	memset(longer, 'x', sizeof longer - 1);
	e.field[1].value = longer;
	check_row("a field that does not fit");
	entry_journald(&e, out);
	check_true("left out", !strstr(out, "NAME"));
	check_true("whole", strcmp(out + strlen(out) - strlen("STICKYDNS_CAUSE=it failed\n"), "STICKYDNS_CAUSE=it failed\n") == 0);
}

/* Datagrams of many lengths go in and out, in order, in turns that make it grow, move and shrink. */
static void backlog(void)
{
	enum { TURNS = 3000 };
	struct backlog b = {0};
	char datagram[ENTRY_BYTES];
	size_t length;
	unsigned in = 0, out = 0, wrong = 0;
	check_row("a backlog gives back what was put, in order");
	check_true("empty", !backlog_first(&b, &length));
	backlog_take(&b);
	for (unsigned turn = 0; turn < TURNS || b.n > 0; turn++) {
		for (unsigned i = 0; turn < TURNS && i < turn % 7; i++, in++) {
			memset(datagram, (int)(in & 0x7f), in % 1000 + 1);
			wrong += !backlog_put(&b, datagram, in % 1000 + 1);
		}
		for (unsigned i = 0; i < 3 && b.n > 0; i++, out++) {
			const char *first = backlog_first(&b, &length);
			wrong += length != out % 1000 + 1 || first[0] != (char)(out & 0x7f) || first[length - 1] != (char)(out & 0x7f);
			backlog_take(&b);
		}
	}
	check_number("all", in, out);
	check_number("wrong", 0, wrong);

	check_row("it is bounded, goes on when something was taken, and gives its memory back");
	memset(datagram, 'x', sizeof datagram);
	while (backlog_put(&b, datagram, 1000) && b.n < BACKLOG_BYTES)
		;
	check_range("datagrams", BACKLOG_BYTES / 2 / 1008, BACKLOG_BYTES / 1008, b.n);
	const size_t most = b.n;
	for (unsigned i = 0; i < 3 * most / 4; i++)
		backlog_take(&b);
	check_true("put again", backlog_put(&b, datagram, 1000));
	while (b.n > 0)
		backlog_take(&b);
	check_number("room", 0, b.room);
	backlog_free(&b);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	forms();
	long_fields();
	backlog();
	return check_done();
}
