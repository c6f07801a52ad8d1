/* backlog.c: see backlog.h. */
#include "tools/pinkeeper/backlog.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 << 10 };

/* Room behind the end: what was taken is given up, then there is more. */
static bool make_room(struct backlog *b, size_t need)
{
	if (b->end + need <= b->room)
		return true;
	if (b->begin > b->room / 2) {
		memmove(b->bytes, b->bytes + b->begin, b->end - b->begin);
		b->end -= b->begin;
		b->begin = 0;
		return make_room(b, need);
	}
	const size_t room = b->room ? 2 * b->room : FIRST_ROOM;
	char *const bytes = room <= BACKLOG_BYTES ? realloc(b->bytes, room) : NULL;
	if (!bytes)
		return false;
	b->bytes = bytes;
	b->room = room;
	return make_room(b, need);
}

bool backlog_put(struct backlog *b, const char *datagram, size_t length)
{
	if (!make_room(b, sizeof length + length))
		return false;
	memcpy(b->bytes + b->end, &length, sizeof length);
	memcpy(b->bytes + b->end + sizeof length, datagram, length);
	b->end += sizeof length + length;
	b->n++;
	return true;
}

const char *backlog_first(const struct backlog *b, size_t *length)
{
	if (b->n == 0)
		return NULL;
	memcpy(length, b->bytes + b->begin, sizeof *length);
	return b->bytes + b->begin + sizeof *length;
}

void backlog_take(struct backlog *b)
{
	size_t length;
	if (!backlog_first(b, &length))
		return;
	b->begin += sizeof length + length;
	if (--b->n > 0)
		return;
	b->begin = b->end = 0;
	if (b->room > FIRST_ROOM)		/* after a burst */
		backlog_free(b);
}

void backlog_free(struct backlog *b)
{
	free(b->bytes);
	*b = (struct backlog){0};
}
