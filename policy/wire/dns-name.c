/* dns-name.c: names and records of a DNS message. See dns-name.h. */
#include "policy/wire/dns-name.h"

#include <string.h>

static bool is_pointer(uint8_t c) { return c >= 0xc0; }

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

/* Follows the pointer at w->at to an earlier piece. */
static int jump(struct wire_walk *w)
{
	if (w->limit - w->at < 2)
		return -1;
	size_t to = wire_get16(w->msg + w->at) & 0x3fff;
	if (w->end == 0)
		w->end = w->at + 2;
	if (to < WIRE_HEADER || to >= w->piece)
		return -1;
	w->limit = w->piece;
	w->piece = w->at = to;
	return WIRE_POINTER;
}

int wire_step(struct wire_walk *w, size_t *from)
{
	*from = w->at;
	if (w->at >= w->limit)
		return -1;
	size_t n = w->msg[w->at];
	if (is_pointer((uint8_t)n))
		return jump(w);
	w->bytes += n + 1;
	if (n > 63 || n >= w->limit - w->at || w->bytes > WIRE_NAME_MAX)
		return -1;
	w->at += n + 1;
	if (n == 0 && w->end == 0)
		w->end = w->at;
	return (int)n;
}

int wire_next(struct wire_walk *w, size_t *label)
{
	int n;
	do
		n = wire_step(w, label);
	while (n == WIRE_POINTER);
	++*label;
	return n;
}

size_t wire_name_end(const uint8_t *msg, size_t len, size_t at)
{
	struct wire_walk w = wire_begin(msg, len, at);
	size_t label;
	int n;
	do
		n = wire_next(&w, &label);
	while (n > 0);
	return n == 0 ? w.end : 0;
}

static bool same_label(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool wire_same_name(const uint8_t *msg, size_t len, size_t a, size_t b)
{
	struct wire_walk wa = wire_begin(msg, len, a), wb = wire_begin(msg, len, b);
	size_t la, lb;
	for (;;) {
		int n = wire_next(&wa, &la);
		if (n < 0 || wire_next(&wb, &lb) != n)
			return false;
		if (n == 0 || la == lb)
			return true;		/* the same bytes from here: the rest is one */
		if (!same_label(msg + la, msg + lb, (size_t)n))
			return false;
	}
}

/* What can stand in a name's text as it is, and neither ends a label nor escapes one. */
static bool is_plain(uint8_t c) { return c > ' ' && c < 0x7f && c != '.' && c != '\\'; }

static bool copy_label(char *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_plain(from[i]))
			return false;
		to[i] = (char)from[i];
	}
	to[n] = '.';
	return true;
}

enum name_status wire_name(const uint8_t *msg, size_t len, size_t at, struct name *out)
{
	struct wire_walk w = wire_begin(msg, len, at);
	char text[WIRE_NAME_MAX + 1];		/* each label takes as many bytes here as there */
	size_t used = 0, label;
	int n;
	while ((n = wire_next(&w, &label)) > 0) {
		if (!copy_label(text + used, msg + label, (size_t)n))
			break;
		used += (size_t)n + 1;
	}
	text[used] = '\0';
	if (n == 0)
		return name_canonical(text, out);
	memset(out, 0, sizeof *out);
	return NAME_MALFORMED;
}

/* The offset after a name in its own place; its pointer is stepped over, not followed. 0: none. */
static size_t skip_name(const uint8_t *msg, size_t len, size_t at)
{
	while (at < len && msg[at] != 0 && msg[at] < 64)
		at += (size_t)msg[at] + 1;
	if (at >= len)
		return 0;
	size_t size = is_pointer(msg[at]) ? 2 : 1;
	return (size == 2 || msg[at] == 0) && len - at >= size ? at + size : 0;
}

bool wire_record(const uint8_t *msg, size_t len, size_t at, struct wire_record *out)
{
	enum { FIXED = 10 };			/* type, class, TTL, RDLENGTH */
	size_t fixed = skip_name(msg, len, at);
	if (fixed == 0 || len - fixed < FIXED)
		return false;
	const uint8_t *p = msg + fixed;
	uint32_t ttl = wire_get32(p + 4);
	*out = (struct wire_record){
		.owner = at, .type = wire_get16(p), .class = wire_get16(p + 2),
		.ttl = ttl > INT32_MAX ? 0 : ttl, .ttl_at = fixed + 4,
		.rdata = fixed + FIXED, .rdata_len = wire_get16(p + 8),
	};
	out->next = out->rdata + out->rdata_len;
	return out->next <= len;
}
