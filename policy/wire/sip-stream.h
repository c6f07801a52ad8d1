/*
 * sip-stream.h: SIP messages in one direction of a TCP stream (RFC 3261 7.5 and 18.3).
 *
 * Message follows message, each framed by its Content-Length. CRLFs before a start line
 * are ignored, among them the keep-alives of RFC 5626 3.5.1 and 4.4.1. The stream gets the
 * bytes as they were sent or read, split anywhere; the splits do not change the result.
 * The parser is sip-message.h's. A stream that is not SIP, or that loses its frame, is
 * switched off for ever. Pure; no locks: one thread at a time feeds a stream.
 */
#ifndef STICKYDNS_SIPSTREAM_H
#define STICKYDNS_SIPSTREAM_H

#include "policy/wire/sip-message.h"

/* All zeros is the start of a stream. Plain data: may be copied, and forgotten without more. */
struct sip_stream {
	struct sip_message message;	/* what is known of the one being read */
	uint64_t body_left;		/* bytes of its body still to come */
	uint32_t header_bytes;		/* of it, so far */
	uint16_t used;			/* bytes in line */
	uint8_t state;
	bool cut;			/* the line had more than SIP_LINE_MAX bytes */
	char line[SIP_LINE_MAX];	/* the logical line being read, folds and all, without its last LF */
};

_Static_assert(sizeof(struct sip_stream) <= 1024, "a stream costs at most 1 KiB");

enum { SIP_STREAM_START, SIP_STREAM_OFF };	/* of state; the others are the scanner's */

typedef void sip_on_message(void *arg, const struct sip_message *m);

void sip_stream_scan(struct sip_stream *s, const char *p, size_t len, sip_on_message *on_message, void *arg);

/*
 * The next `len` bytes. Each message is given to on_message when its header is
 * whole; *m lasts for that call. Off for ever: when a start line is not SIP's
 * (sip_start_line), a header exceeds SIP_HEADER_MAX, or Content-Length is SIP_BAD
 * (the message is given all the same). Without one the body is empty: 18.3 demands
 * it, so whatever follows is a start line or turns the stream off.
 */
static inline void sip_stream_feed(struct sip_stream *s, const void *p, size_t len, sip_on_message *on_message, void *arg)
{
	if (s->state != SIP_STREAM_OFF)
		sip_stream_scan(s, p, len, on_message, arg);
}

/* As all zeros, at less cost. */
static inline void sip_stream_restart(struct sip_stream *s) { s->state = SIP_STREAM_START; }

/* Nothing more will come of it. */
static inline bool sip_stream_is_off(const struct sip_stream *s) { return s->state == SIP_STREAM_OFF; }

/* Between two messages, where another stream's state would do no harm. */
static inline bool sip_stream_is_idle(const struct sip_stream *s) { return s->state == SIP_STREAM_START; }

#endif
