/*
 * siplab.h: what the tests and the fuzz target of the SIP parser share.
 *
 * A row holds a message and what must be read from it. sip_walk() is the
 * reference for streams: sip_parse() from one message to the next.
 */
#ifndef STICKYDNS_SIPLAB_H
#define STICKYDNS_SIPLAB_H

#include <stdlib.h>

#include "policy/wire/sip-message.h"
#include "policy/wire/sip-stream.h"

struct sip_row {
	const char *name;
	enum sip_method method;
	unsigned status;
	const char *branch, *call_id;	/* NULL: none is read */
	int64_t cseq;
	enum sip_to to;
	int64_t length, retry_after;
	const char *text;
	size_t len;
};

#define TEXT(s) s, sizeof(s) - 1

static inline bool sip_same(const struct sip_message *a, const struct sip_message *b)
{
	return a->branch == b->branch && a->branch_length == b->branch_length && a->call_id == b->call_id &&
	       a->cseq == b->cseq && a->content_length == b->content_length && a->retry_after == b->retry_after &&
	       a->header_length == b->header_length && a->status == b->status && a->method == b->method &&
	       a->to == b->to && a->seen == b->seen && a->whole_header == b->whole_header;
}

/* The messages of a stream. */
struct sip_list {
	size_t n;
	struct sip_message m[64];	/* the first 64; n counts all */
};

static inline void sip_list_add(void *list, const struct sip_message *m)
{
	struct sip_list *l = list;
	if (l->n < sizeof l->m / sizeof *l->m)
		l->m[l->n] = *m;
	l->n++;
}

static inline bool sip_list_same(const struct sip_list *a, const struct sip_list *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n && i < sizeof a->m / sizeof *a->m; i++)
		same = sip_same(&a->m[i], &b->m[i]);
	return same;
}

/* An exact-size copy on the heap, so that AddressSanitizer sees a byte read outside. */
static inline char *sip_copy(const void *p, size_t len)
{
	char *copy = malloc(len ? len : 1);
	if (!copy)
		abort();
	memcpy(copy, p, len);
	return copy;
}

static inline bool sip_parse_copy(const char *p, size_t len, struct sip_message *out)
{
	char *copy = sip_copy(p, len);
	bool is_sip = sip_parse(copy, len, out);
	free(copy);
	return is_sip;
}

/* Does sip_parse_datagram() say the same of the bytes, as far as it promises? And sip_status()? */
static inline bool sip_datagram_same(const char *p, size_t len)
{
	struct sip_message a, b;
	char *copy = sip_copy(p, len);
	bool is_a = sip_parse(copy, len, &a), is_b = sip_parse_datagram(copy, len, &b), same = is_a == is_b;
	if (is_a && is_b)
		same = a.branch == b.branch && a.branch_length == b.branch_length && a.call_id == b.call_id &&
		       a.cseq == b.cseq && a.status == b.status && a.method == b.method && a.to == b.to &&
		       (a.status != 503 || a.retry_after == b.retry_after) &&
		       (a.status == 0 || sip_status(copy, len) == a.status);
	free(copy);
	return same;
}

/* The stream by sip_parse alone. */
static inline void sip_walk(const char *p, size_t len, struct sip_list *list)
{
	struct sip_message m;
	while (len > 0) {
		if (*p == '\r' || *p == '\n') {
			p++;
			len--;
			continue;
		}
		if (!sip_parse(p, len, &m) || !m.whole_header)
			return;
		sip_list_add(list, &m);
		if (m.content_length == SIP_BAD)
			return;
		size_t all = m.header_length + (size_t)(m.content_length > 0 ? m.content_length : 0);
		if (all > len)
			return;
		p += all;
		len -= all;
	}
}

/* The stream in pieces: the first of `first` bytes, the others of `step`. */
static inline void sip_stream_pieces(const char *p, size_t len, size_t first, size_t step, struct sip_list *list)
{
	struct sip_stream s = {0};
	for (size_t at = 0, n = first; at < len; at += n, n = step) {
		n = n < len - at ? n : len - at;
		char *copy = sip_copy(p + at, n);
		sip_stream_feed(&s, copy, n, sip_list_add, list);
		free(copy);
	}
}

#endif
