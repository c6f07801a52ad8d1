/* sip-message.c: SIP messages, as far as sip-message.h promises. Section numbers are RFC 3261's. */
#include "policy/wire/sip-message.h"

#include "policy/wire/sip-text.h"

static const struct {
	const char *name;
	size_t len;
} methods[SIP_METHOD_COUNT] = {
#define X(name) [SIP_##name] = {#name, sizeof #name - 1},
	SIP_METHODS(X)
#undef X
};

const char *sip_method_text(unsigned method)
{
	return method == SIP_NONE ? "" : method < SIP_OTHER ? methods[method].name : "other";
}

/* ---- header fields ---- */

/* 20.42, 8.1.1.7. Only of the topmost Via: it is ours, the others are of those before us. */
static void take_via(struct sip_message *m, struct text *t)
{
	struct text name, value;
	while (to_parameter(t, true)) {
		take_parameter(t, &name, &value);
		if (!text_is(&name, "branch", 6))
			continue;
		if (value.cut || value.p == value.end)
			return;
		m->branch_length = (uint16_t)(value.end - value.p);
		m->branch = hash_bytes(value.p, m->branch_length);
		return;
	}
}

/* The URI of a name-addr or addr-spec (25.1), up to its parameters and headers. */
static uint64_t aor_of(struct text t)
{
	const char *p = t.p;
	if (*p == '"')
		skip_quoted(&t);
	const char *less = memchr(t.p, '<', (size_t)(t.end - t.p));
	p = less ? less + 1 : t.p;
	for (t.p = p; t.p < t.end && *t.p != ';' && *t.p != '?' && *t.p != '>' && !is_lws(*t.p);)
		t.p++;
	return t.p == t.end && t.cut ? 0 : hash_bytes(p, (size_t)(t.p - p));
}

/* 20.20. Of answers status_proves() needs the account; only a 503 fails another method than REGISTER, whose account is in To. */
static void take_from(struct sip_message *m, struct text *t)
{
	if (t->p < t->end && (m->status ? m->status == 503 : m->method == SIP_INVITE))
		m->from_aor = aor_of(*t);
}

/* 20.39. Without <> all parameters are the header field's (20.10). */
static void take_to(struct sip_message *m, struct text *t)
{
	struct text name, value;
	if (t->p < t->end && (m->status || m->method == SIP_REGISTER))
		m->to_aor = aor_of(*t);
	while (to_parameter(t, false)) {
		take_parameter(t, &name, &value);
		if (!name.cut && text_is(&name, "tag", 3)) {
			m->to = SIP_TO_TAGGED;
			if (!value.cut)
				m->to_tag = hash_bytes(value.p, (size_t)(value.end - value.p));
			return;
		}
	}
	m->to = t->cut ? SIP_TO_UNKNOWN : SIP_TO_BARE;
}

static uint8_t method_of(const char *p, size_t len)
{
	for (uint8_t i = SIP_NONE + 1; i < SIP_OTHER; i++)
		if (methods[i].len == len && memcmp(methods[i].name, p, len) == 0)	/* 7.1: case counts */
			return i;
	return SIP_OTHER;
}

/* 20.16, 8.1.1.5. A broken one leaves a response without a method, so that it matches nothing. */
static void take_cseq(struct sip_message *m, struct text *t)
{
	int64_t n;
	m->cseq = SIP_BAD;
	if (!take_number(t, &n) || n > INT32_MAX || t->p == t->end || !is_lws(*t->p))
		return;
	skip_lws(t);
	struct text method = take_word(t, 0);
	if (method.cut || method.p == method.end)
		return;
	m->cseq = n;
	if (m->status)
		m->method = method_of(method.p, (size_t)(method.end - method.p));
}

/* 20.8: compared byte for byte. */
static void take_call_id(struct sip_message *m, struct text *t)
{
	struct text id = take_word(t, 0);
	if (!id.cut && id.p < id.end)
		m->call_id = hash_bytes(id.p, (size_t)(id.end - id.p));
}

/* 20.33: seconds, then perhaps a (comment) and ;parameters. */
static void take_retry_after(struct sip_message *m, struct text *t)
{
	int64_t n;
	bool good = take_number(t, &n) && (t->p == t->end || is_lws(*t->p) || *t->p == ';' || *t->p == '(');
	m->retry_after = good ? n : SIP_BAD;
}

/* 20.14, 18.3. It frames a stream, so two that differ are worth no more than none. */
static void take_length(struct sip_message *m, struct text *t)
{
	int64_t n;
	bool good = take_number(t, &n) && n < UINT32_MAX;
	skip_lws(t);
	good = good && t->p == t->end && !t->cut;
	if (m->content_length == SIP_ABSENT)
		m->content_length = good ? n : SIP_BAD;
	else if (!good || m->content_length != n)
		m->content_length = SIP_BAD;
}

/* Names and compact forms (7.3.3), compared without case (7.3.1). */
static const struct field {
	const char *name;
	uint8_t len, seen;
	void (*take)(struct sip_message *, struct text *);
} fields[] = {
	{"via", 3, SIP_SEEN_VIA, take_via},
	{"v", 1, SIP_SEEN_VIA, take_via},
	{"to", 2, SIP_SEEN_TO, take_to},
	{"t", 1, SIP_SEEN_TO, take_to},
	{"cseq", 4, SIP_SEEN_CSEQ, take_cseq},
	{"call-id", 7, SIP_SEEN_CALL_ID, take_call_id},
	{"i", 1, SIP_SEEN_CALL_ID, take_call_id},
	{"content-length", 14, SIP_SEEN_LENGTH, take_length},
	{"l", 1, SIP_SEEN_LENGTH, take_length},
	{"retry-after", 11, SIP_SEEN_RETRY_AFTER, take_retry_after},
	{"from", 4, SIP_SEEN_FROM, take_from},
	{"f", 1, SIP_SEEN_FROM, take_from},
};

enum { NAME_LONGEST = 14 };

static const struct field *field_named(const char *p, size_t len)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (fields[i].len == len && same_word(p, fields[i].name, len))
			return &fields[i];
	return NULL;
}

/* The field and, in *t, its value. HCOLON (25.1): blanks may stand before the colon. */
static const struct field *take_name(struct text *t)
{
	const char *name = t->p;
	while (t->p < t->end && t->p - name <= NAME_LONGEST && *t->p != ':' && !is_lws(*t->p))
		t->p++;
	size_t len = (size_t)(t->p - name);
	if (len > NAME_LONGEST)
		return NULL;
	while (t->p < t->end && (*t->p == ' ' || *t->p == '\t'))
		t->p++;
	if (t->p == t->end || *t->p++ != ':')
		return NULL;
	skip_lws(t);
	return field_named(name, len);
}

/* Can it be one of `fields`? Most are not: their first letter tells. */
static inline bool may_matter(const char *line, size_t len)
{
#define FIRST(c) (1u << ((c) - 'a'))
	const uint32_t firsts = FIRST('v') | FIRST('t') | FIRST('c') | FIRST('i') | FIRST('l') | FIRST('r') |
				FIRST('f');
#undef FIRST
	const uint32_t at = len ? (uint32_t)(line[0] | 0x20) - 'a' : 32;
	return at < 26 && (firsts >> at & 1) != 0;
}

/* The field as nearly everybody writes it, and nothing else: the general way takes longer. */
static inline const struct field *take_usual_name(struct text *t)
{
	enum { VIA = 0, TO = 2, CSEQ = 4, CALL_ID = 5 };
	const struct field *f = NULL;
	if (t->end - t->p < 8)
		return NULL;
	if (memcmp(t->p, "Via: ", 5) == 0)
		f = &fields[VIA];
	else if (memcmp(t->p, "To: ", 4) == 0)
		f = &fields[TO];
	else if (memcmp(t->p, "CSeq: ", 6) == 0)
		f = &fields[CSEQ];
	else if (memcmp(t->p, "Call-ID:", 8) == 0)
		f = &fields[CALL_ID];
	if (f) {
		t->p += f->len + 1;
		skip_lws(t);
	}
	return f;
}

void sip_header_line(struct sip_message *m, const char *line, size_t len, bool cut)
{
	struct text t = {line, line + len, cut};
	if (!may_matter(line, len))
		return;
	const struct field *f = take_usual_name(&t);
	if (!f)
		f = take_name(&t);
	if (!f || ((m->seen & f->seen) && f->seen != SIP_SEEN_LENGTH))
		return;
	m->seen |= f->seen;
	f->take(m, &t);
}

/* ---- start lines (7.1, 7.2) ---- */

/* "SIP/2.0 200 OK"; the reason may be empty, and its blank missing. */
static bool take_status(struct sip_message *m, struct text *t)
{
	int64_t n;
	const char *start = t->p += 8;
	if (!take_number(t, &n) || t->p - start != 3 || n < 100 || n > 699 || (t->p < t->end && !is_lws(*t->p)))
		return false;
	m->status = (uint16_t)n;
	return true;
}

static bool take_request(struct sip_message *m, struct text *t)
{
	static const char version[] = " sip/2.0";
	const char *method = t->p;
	while (t->p < t->end && *t->p >= 'A' && *t->p <= 'Z')
		t->p++;
	while (t->p < t->end && is_token(*t->p))
		t->p++;
	if (t->p == method || t->p == t->end || *t->p != ' ')
		return false;
	m->method = method_of(method, (size_t)(t->p - method));
	while (t->end > t->p && is_lws(t->end[-1]))
		t->end--;
	const size_t tail = sizeof version - 1;
	if ((size_t)(t->end - t->p) > tail + 1 && memcmp(t->end - tail, " SIP/2.0", tail) == 0)
		return true;
	if ((size_t)(t->end - t->p) > tail + 1 && same_word(t->end - tail, version, tail))
		return true;
	return t->cut && m->method != SIP_OTHER;
}

bool sip_start_line(struct sip_message *m, const char *line, size_t len, bool cut)
{
	struct text t = {line, line + len, cut};
	if (len >= 8 && memcmp(line, "SIP/2.0 ", 8) == 0)
		return take_status(m, &t);
	return take_request(m, &t);
}

/* ---- whole messages ---- */

void sip_begin(struct sip_message *m)
{
	*m = (struct sip_message){.cseq = SIP_ABSENT, .content_length = SIP_ABSENT, .retry_after = SIP_ABSENT};
}

void sip_end_header(struct sip_message *m, size_t length)
{
	m->header_length = (uint32_t)length;
	m->whole_header = true;
}

/* Length of the empty line at the front, 0 if another is. */
static size_t empty_line(const char *p, size_t len)
{
	if (len >= 1 && p[0] == '\n')
		return 1;
	return len >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* Bytes of the logical line at the front, without its last LF. *cut: what would end it is not there. */
static size_t logical_line(const char *p, size_t len, bool *cut)
{
	const char *end = p + len, *lf = find_lf(p, end);
	while (lf && lf + 1 < end && (lf[1] == ' ' || lf[1] == '\t'))
		lf = find_lf(lf + 1, end);
	*cut = !lf || lf + 1 == end;
	return lf ? (size_t)(lf - p) : len;
}

/*
 * Is everything known that a transaction is found by, and what status_proves() needs: of a 503 the Retry-After, of other
 * statuses nothing? What comes first counts, so the rest adds nothing.
 */
static inline bool is_enough(const struct sip_message *m)
{
	const unsigned identity = SIP_SEEN_VIA | SIP_SEEN_TO | SIP_SEEN_CSEQ | SIP_SEEN_CALL_ID;
	return (m->seen & identity) == identity && (m->status != 503 || (m->seen & SIP_SEEN_RETRY_AFTER));
}

static inline bool parse(const char *p, size_t len, struct sip_message *m, bool whole)
{
	size_t at = 0, empty;
	if (len < SIP_SHORTEST)
		return false;
	sip_begin(m);
	len = len < SIP_HEADER_MAX ? len : SIP_HEADER_MAX;
	do {
		bool cut;
		size_t n = logical_line(p + at, len - at, &cut), short_n = n < SIP_LINE_MAX ? n : SIP_LINE_MAX;
		cut = cut || short_n < n;
		if (at > 0)
			sip_header_line(m, p + at, short_n, cut);
		else if (!sip_start_line(m, p, short_n, cut))
			return false;
		at += n + 1;
		empty = at < len ? empty_line(p + at, len - at) : 0;
	} while (!empty && at < len && (whole || !is_enough(m)));
	if (empty)
		sip_end_header(m, at + empty);
	return true;
}

bool sip_parse(const char *p, size_t len, struct sip_message *m) { return parse(p, len, m, true); }

bool sip_parse_datagram(const char *p, size_t len, struct sip_message *m) { return parse(p, len, m, false); }

uint64_t sip_transaction(const struct sip_message *m)
{
	if (!m->branch || !m->call_id || m->cseq < 0)
		return 0;
	uint64_t key = hash_fold(m->branch ^ (uint64_t)m->cseq, m->call_id | 1);
	return key ? key : 1;
}

uint64_t sip_leg(const struct sip_message *m)
{
	return m->call_id && m->to_tag ? hash_fold(m->call_id, m->to_tag | 1) : 0;
}
