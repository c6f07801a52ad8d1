/*
 * journal.c: writes events into a table's journal, as fast as it is told, as many programs together would.
 *
 *     journal TABLE COUNT PER_SECOND [moved]
 *
 * Event i is of the name nI.test: a pin that was confirmed or, with `moved`, that moved. PER_SECOND 0: without a pause.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/base/clock.h"
#include "policy/table/journal.h"

int main(int argc, char **argv)
{
	static struct table t;
	if (argc < 4)
		errx(2, "usage: journal TABLE COUNT PER_SECOND [moved]");
	if (store_open(argv[1], &t) != STORE_OK)
		errx(1, "%s: no table", argv[1]);
	const unsigned count = (unsigned)atoi(argv[2]), rate = (unsigned)atoi(argv[3]);
	const uint64_t begin = now_ns(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < count; i++) {
		struct event e = {.kind = argc > 4 ? EVENT_MOVED : EVENT_CONFIRMED, .cause = argc > 4 ? CAUSE_FAILED : CAUSE_ANSWERED,
				  .has_addr = 1, .has_old = argc > 4, .port = 5060, .transport = TRANSPORT_UDP};
		address_parse("192.0.2.2", &e.addr);
		address_parse("192.0.2.1", &e.old);
		snprintf(e.name, sizeof e.name, "n%u.test", i);
		while (rate > 0 && now_ns(CLOCK_MONOTONIC) - begin < (uint64_t)i * 1000000000u / rate)
			nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
		journal_write(&t, &e);
	}
	return 0;
}
