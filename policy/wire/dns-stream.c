/* dns-stream.c: DNS messages in a TCP stream. See dns-stream.h. */
#include "policy/wire/dns-stream.h"

#include <string.h>

static size_t lesser(size_t a, size_t b) { return a < b ? a : b; }

/* How long the frame is, as far as `have` bytes of it tell. */
static size_t frame_size(const uint8_t *frame, size_t have)
{
	return have < FRAME_LENGTH ? FRAME_LENGTH : FRAME_LENGTH + (size_t)wire_get16(frame);
}

/* ---- queries ---- */

/* Where in the frame the next thing is known: its length, its question, its end. */
static size_t next_stop(const struct dnsqueries *s)
{
	size_t size = frame_size(s->head, s->at);
	return s->at < FRAME_QUESTION ? lesser(size, FRAME_QUESTION) : size;
}

void dnsqueries_sent(struct dnsqueries *s, const uint8_t *bytes, size_t len, dnsstream_message *message, void *arg)
{
	while (len > 0) {
		bool in_head = s->at < FRAME_QUESTION;
		size_t part = lesser(len, next_stop(s) - s->at);
		if (in_head)
			memcpy(s->head + s->at, bytes, part);
		s->at += (uint32_t)part;
		bytes += part;
		len -= part;
		size_t size = frame_size(s->head, s->at);
		if (in_head && s->at >= FRAME_LENGTH && s->at == lesser(size, FRAME_QUESTION))
			message(arg, s->head + FRAME_LENGTH, s->at - FRAME_LENGTH);
		if (s->at >= FRAME_LENGTH && s->at == size)
			s->at = 0;
	}
}

/* ---- answers ---- */

/* Takes what belongs to the present frame into the plain copy; returns how much of it the copy has then. */
static size_t gather(struct dnsanswers *s, const uint8_t *bytes, size_t len)
{
	size_t have = s->at, end = s->at + len;
	for (size_t size; have < end && have < (size = frame_size(s->plain, have)); have += lesser(end, size) - have)
		memcpy(s->plain + have, bytes + (have - s->at), lesser(end, size) - have);
	return have;
}

/* Completes the plain copy with what is still in the stream. */
static bool peek_rest(struct dnsanswers *s, const struct dnsanswers_calls *c, size_t have)
{
	if (have < FRAME_LENGTH && !c->peek(c->arg, s->plain + have, FRAME_LENGTH - have))
		return false;
	size_t size = frame_size(s->plain, FRAME_LENGTH);
	return size > have && c->peek(c->arg, s->plain + have, size - have);
}

static void answer_whole(struct dnsanswers *s, const struct dnsanswers_calls *c)
{
	size_t size = frame_size(s->plain, FRAME_LENGTH);
	memcpy(s->given, s->plain, size);
	c->message(c->arg, s->given + FRAME_LENGTH, size - FRAME_LENGTH);
	if (s->at > FRAME_FIXED)
		memcpy(s->given, s->plain, size);		/* too late */
	s->whole = true;
}

/* `have` bytes of the frame were read or can be seen: answers it if that is all, or all is there. */
static void complete(struct dnsanswers *s, const struct dnsanswers_calls *c, size_t have)
{
	bool all = have >= FRAME_LENGTH && have == frame_size(s->plain, have);
	if (all || (s->at <= FRAME_FIXED && peek_rest(s, c, have)))
		answer_whole(s, c);
}

/* Gives the program its bytes of the other copy; how many. Bytes that are not those that were seen lose the stream. */
static size_t give(struct dnsanswers *s, uint8_t *bytes, size_t len)
{
	size_t n = lesser(len, frame_size(s->plain, FRAME_LENGTH) - s->at);
	if (memcmp(bytes, s->plain + s->at, n) == 0)
		memcpy(bytes, s->given + s->at, n);
	else
		s->lost = true;
	return n;
}

void dnsanswers_read(struct dnsanswers *s, const struct dnsanswers_calls *c, uint8_t *bytes, size_t len)
{
	while (len > 0 && !s->lost) {
		size_t n = len;
		if (!s->whole) {
			size_t have = gather(s, bytes, len);
			n = have - s->at;
			complete(s, c, have);
		}
		if (s->whole)
			n = give(s, bytes, len);
		s->at += (uint32_t)n;
		if (s->whole && s->at == frame_size(s->plain, FRAME_LENGTH)) {
			s->at = 0;
			s->whole = false;
		}
		bytes += n;
		len -= n;
	}
}

void dnsanswers_peeked(struct dnsanswers *s, const struct dnsanswers_calls *c, uint8_t *bytes, size_t len)
{
	if (!s->lost && !s->whole)
		complete(s, c, s->at);
	if (!s->lost && s->whole)
		give(s, bytes, len);
}
