/* backlog.h: datagrams that wait to be sent, oldest first, up to a bound. */
#ifndef STICKYDNS_BACKLOG_H
#define STICKYDNS_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>

enum { BACKLOG_BYTES = 16 << 20 };	/* some 25,000 events */

/* Begin with zeros. */
struct backlog {
	char *bytes;
	size_t begin, end, room;	/* each datagram: its length, then itself */
	size_t n;
};

/* False: there is no room for it. */
bool backlog_put(struct backlog *b, const char *datagram, size_t length);

/* The oldest, in place until it is taken or another is put. NULL: there is none. */
const char *backlog_first(const struct backlog *b, size_t *length);
void backlog_take(struct backlog *b);

void backlog_free(struct backlog *b);

#endif
