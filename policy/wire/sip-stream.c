/* sip-stream.c: framing of SIP over TCP. See sip-stream.h. */
#include "policy/wire/sip-stream.h"

enum {
	START = SIP_STREAM_START,	/* between messages: CRLFs, then a start line */
	OFF = SIP_STREAM_OFF,
	FIRST_LINE,
	FIRST_LINE_END,			/* its LF was read; a blank would continue it */
	LINE,
	LINE_END,
	BODY,
};

/* What is left of the bytes being fed. */
struct feed {
	const char *p, *end;
	sip_on_message *on_message;
	void *arg;
};

static void append(struct sip_stream *s, const char *p, size_t len)
{
	const size_t room = SIP_LINE_MAX - s->used, n = len < room ? len : room;
	memcpy(s->line + s->used, p, n);
	s->used = (uint16_t)(s->used + n);
	s->cut = s->cut || n < len;
}

static void begin_line(struct sip_stream *s, uint8_t state)
{
	s->used = 0;
	s->cut = false;
	s->state = state;
}

/* Counts bytes of the header; a header too long turns the stream off. */
static bool within_header(struct sip_stream *s, size_t n)
{
	if (n > SIP_HEADER_MAX - s->header_bytes) {
		s->state = OFF;
		return false;
	}
	s->header_bytes += (uint32_t)n;
	return true;
}

/* RFC 3261 7.5: CRLFs before a start line. */
static void start(struct sip_stream *s, struct feed *f)
{
	while (f->p < f->end && (*f->p == '\r' || *f->p == '\n'))
		f->p++;
	if (f->p == f->end)
		return;
	sip_begin(&s->message);
	s->header_bytes = 0;
	begin_line(s, FIRST_LINE);
}

static void end_header(struct sip_stream *s, struct feed *f)
{
	const int64_t length = s->message.content_length;
	sip_end_header(&s->message, s->header_bytes);
	s->body_left = length > 0 ? (uint64_t)length : 0;
	s->state = length == SIP_BAD ? OFF : length > 0 ? BODY : START;
	f->on_message(f->arg, &s->message);
}

static bool is_empty_line(const struct sip_stream *s)
{
	return s->used == 0 || (s->used == 1 && s->line[0] == '\r');
}

/* To the next LF. The empty line ends the header at once, whatever follows it. */
static void line(struct sip_stream *s, struct feed *f)
{
	const char *lf = memchr(f->p, '\n', (size_t)(f->end - f->p)), *end = lf ? lf : f->end;
	const bool first = s->state == FIRST_LINE;
	append(s, f->p, (size_t)(end - f->p));
	if (!within_header(s, (size_t)(end - f->p) + (lf != NULL)))
		return;
	f->p = lf ? lf + 1 : end;
	if (!lf)
		return;
	if (!first && is_empty_line(s))
		end_header(s, f);
	else
		s->state = first ? FIRST_LINE_END : LINE_END;
}

/* 7.3.1: a line that starts with a blank continues the one before. */
static void line_end(struct sip_stream *s, struct feed *f)
{
	const bool first = s->state == FIRST_LINE_END;
	if (*f->p == ' ' || *f->p == '\t') {
		append(s, "\n", 1);
		s->state = first ? FIRST_LINE : LINE;
		return;
	}
	if (!first)
		sip_header_line(&s->message, s->line, s->used, s->cut);
	else if (!sip_start_line(&s->message, s->line, s->used, s->cut)) {
		s->state = OFF;
		return;
	}
	begin_line(s, LINE);
}

static void body(struct sip_stream *s, struct feed *f)
{
	const size_t there = (size_t)(f->end - f->p), n = s->body_left < there ? (size_t)s->body_left : there;
	f->p += n;
	s->body_left -= n;
	if (s->body_left == 0)
		s->state = START;
}

void sip_stream_scan(struct sip_stream *s, const char *p, size_t len, sip_on_message *on_message, void *arg)
{
	struct feed f = {p, p + len, on_message, arg};
	while (f.p < f.end && s->state != OFF) {
		switch (s->state) {
		case START: start(s, &f); break;
		case FIRST_LINE:
		case LINE: line(s, &f); break;
		case FIRST_LINE_END:
		case LINE_END: line_end(s, &f); break;
		case BODY: body(s, &f); break;
		default: s->state = OFF; break;
		}
	}
}
