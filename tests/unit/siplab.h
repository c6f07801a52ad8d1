/*
 * siplab.h: what the tests and the fuzz target of the SIP parser share.
 *
 * A row holds a message and what must be read from it.
 */
#ifndef STICKYDNS_SIPLAB_H
#define STICKYDNS_SIPLAB_H

#include <stdlib.h>

#include "sip.h"

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

#endif
