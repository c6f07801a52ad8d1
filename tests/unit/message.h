/*
 * message.h: DNS messages for the tests, and what they say, as text.
 *
 * A message is held in a buffer of exactly its size, for AddressSanitizer. Real ones
 * come from the fuzz corpus. message_text() writes an answer as: status, name, type;
 * then what there is of `rcode N`, `rrsig`, `more`, `min TTL`; each record as
 * VALUE@TTL (SRV: priority, weight, port, target); and `+I=ADDRESS` for an address of
 * record I's target.
 */
#ifndef STICKYDNS_TEST_MESSAGE_H
#define STICKYDNS_TEST_MESSAGE_H

#include "policy/wire/dns-message.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define MESSAGE_CORPUS "tests/fuzz/corpus/answer/"

struct message {
	uint8_t *bytes;			/* exactly len */
	size_t len;
};

static inline struct message message_from(const void *bytes, size_t len)
{
	struct message m = {malloc(len), len};
	if (len)
		memcpy(m.bytes, bytes, len);
	return m;
}

static inline struct message message_load(const char *file)
{
	static char buf[65536];
	char path[256];
	snprintf(path, sizeof path, MESSAGE_CORPUS "%s", file);
	FILE *f = fopen(path, "rb");
	size_t len = f ? fread(buf, 1, sizeof buf, f) : 0;
	if (f)
		fclose(f);
	check_true(path, f != NULL);
	return message_from(buf, len);
}

/* Where the text is put together. */
struct saying {
	char text[8192];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static inline void say(struct saying *s, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	s->used += (size_t)vsnprintf(s->text + s->used, sizeof s->text - s->used, format, ap);
	va_end(ap);
}

static inline void say_type(struct saying *s, uint16_t type)
{
	if (type == WIRE_A || type == WIRE_AAAA || type == WIRE_SRV)
		say(s, " %s", type == WIRE_A ? "A" : type == WIRE_AAAA ? "AAAA" : "SRV");
	else
		say(s, " type%u", type);
}

static inline void say_address(struct saying *s, const struct address *a)
{
	char out[ADDRESS_TEXT];
	address_format(a, out);
	say(s, "%s", out);
}

static inline void say_record(struct saying *s, const struct message *m, const struct answer *a, size_t i)
{
	const struct answer_record *r = &a->record[i];
	struct name target;
	say(s, " ");
	if (a->question.type != WIRE_SRV) {
		say_address(s, &r->address);
	} else {
		bool named = answer_target(m->bytes, m->len, a, i, &target);
		say(s, "%u %u %u %s", r->srv.priority, r->srv.weight, r->srv.port, named ? target.text : "-");
	}
	say(s, "@%" PRIu32, r->ttl);
}

static inline const char *message_text(const struct message *m)
{
	static const char *const words[] = {"ok", "empty", "error", "truncated", "other", "not"};
	static struct saying s;
	struct answer a;
	enum answer_status status = answer_parse(m->bytes, m->len, &a);
	s.used = 0;
	say(&s, "%s", words[status]);
	if (status == ANSWER_NOT)
		return s.text;
	say(&s, " %s", a.question.name.len ? a.question.name.text : "-");
	say_type(&s, a.question.type);
	if (a.rcode)
		say(&s, " rcode %u", a.rcode);
	say(&s, "%s%s", a.has_rrsig ? " rrsig" : "", a.more ? " more" : "");
	if (a.n)
		say(&s, " min %" PRIu32, a.min_ttl);
	for (size_t i = 0; i < a.n; i++)
		say_record(&s, m, &a, i);
	for (size_t i = 0; i < a.extras; i++) {
		say(&s, " +%u=", a.extra[i].record);
		say_address(&s, &a.extra[i].address);
	}
	return s.text;
}

/* Messages written by hand: M(HEAD(...) QUESTION A_RECORD(...)). */
#define M(literal) literal, sizeof literal - 1
#define ID "\x5d\x1e"
#define RESPONSE "\x81\x80"
#define COUNTS(qd, an, ns, ar) "\0" qd "\0" an "\0" ns "\0" ar
#define HEAD(an, ar) ID RESPONSE COUNTS("\1", an, "\0", ar)
#define A_IN "\0\1\0\1"
#define CNAME_IN "\0\5\0\1"
#define SRV_IN "\0\x21\0\1"
#define TTL "\0\0\0\x3c"
#define ASKED "\1a\4test\0"			/* 8 bytes at 12; the answer begins at 24 */
#define AT_ASKED "\xc0\x0c"
#define QUESTION ASKED A_IN
#define A_RECORD(owner, last) owner A_IN TTL "\0\4\xc0\0\2" last
#define ALIAS(owner, to) owner CNAME_IN TTL "\0\3\1" to "\0"
#define SRV_RECORD(priority, to) AT_ASKED SRV_IN TTL "\0\x9\0" priority "\0\2\x13\xc4\1" to "\0"

#endif
