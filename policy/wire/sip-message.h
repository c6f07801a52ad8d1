/*
 * sip-message.h: what a SIP message says about its transaction (RFC 3261 section 7).
 *
 * It reads the start line, the topmost Via's branch, CSeq, To, Call-ID, Retry-After and
 * Content-Length, and nothing else. The first of each counts. It is no validator: fields
 * that nobody here needs may be wrong. Pure: no I/O, no allocation, no globals, no locks,
 * errno untouched; it may be called from anywhere. It reads nothing outside the bytes
 * given, in time linear in them.
 *
 * One parser, two feeders: sip_parse() takes a datagram, sip-stream.h a TCP stream. Both
 * cut messages into logical lines (a header field with its continuation lines, RFC 3261
 * 7.3.1) and hand those to sip_start_line() and sip_header_line(). Lines end in CRLF or a
 * bare LF. Of a logical line the first SIP_LINE_MAX bytes count, of a header the first
 * SIP_HEADER_MAX.
 */
#ifndef STICKYDNS_SIP_H
#define STICKYDNS_SIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	SIP_LINE_MAX = 896,
	SIP_HEADER_MAX = 65536,
	SIP_SHORTEST = 13,		/* "SIP/2.0 200\n\n" */
};

#define SIP_METHODS(X) \
	X(REGISTER) X(INVITE) X(ACK) X(CANCEL) X(BYE) X(OPTIONS) X(MESSAGE) X(SUBSCRIBE) \
	X(NOTIFY) X(INFO) X(UPDATE) X(PRACK) X(REFER) X(PUBLISH)

enum sip_method {
	SIP_NONE,			/* a response whose CSeq is not known */
#define X(name) SIP_##name,
	SIP_METHODS(X)
#undef X
	SIP_OTHER,
	SIP_METHOD_COUNT
};

/* Is there a dialog (RFC 3261 12)? Without a tag the request is an initial one. */
enum sip_to {
	SIP_TO_UNKNOWN,			/* not seen, cut off, or malformed: presume nothing */
	SIP_TO_BARE,			/* no tag, for certain */
	SIP_TO_TAGGED,
};

/* Bits of sip_message.seen: header fields that were met, well-formed or not. */
enum {
	SIP_SEEN_VIA = 1, SIP_SEEN_TO = 2, SIP_SEEN_CSEQ = 4, SIP_SEEN_CALL_ID = 8,
	SIP_SEEN_RETRY_AFTER = 16, SIP_SEEN_LENGTH = 32, SIP_SEEN_FROM = 64,
};

enum { SIP_ABSENT = -1, SIP_BAD = -2 };

struct sip_message {
	uint64_t branch;		/* hash of the topmost Via's branch (8.1.1.7), byte for byte; 0: none known */
	uint64_t call_id;		/* hash (20.8); 0: not known */
	uint64_t to_tag;		/* hash (20.39); 0: none, or not known */
	uint64_t to_aor, from_aor;	/* hashes of their URIs without parameters, where sip_account() needs them; 0: not known */
	int64_t cseq;			/* number (20.16), < 2^31; or SIP_ABSENT, SIP_BAD */
	int64_t content_length;		/* bytes (20.14); or SIP_ABSENT; SIP_BAD: no number, or two that differ */
	int64_t retry_after;		/* seconds (20.33), saturated at 2^32 - 1; or SIP_ABSENT, SIP_BAD */
	uint32_t header_length;		/* bytes up to and with the empty line; 0 unless whole_header */
	uint16_t branch_length;
	uint16_t status;		/* 100 to 699; 0: a request */
	uint8_t method;			/* enum sip_method: of the request; of a response its CSeq's (17.1.3) */
	uint8_t to;			/* enum sip_to */
	uint8_t seen;			/* SIP_SEEN_*; those not seen may follow unless whole_header */
	bool whole_header;		/* the empty line was met; otherwise this is what is known so far */
};

/*
 * Can these bytes start a SIP message? Three capitals can: every method of RFC 3261
 * and its extensions starts so, and "SIP/2.0" does. RTP, RTCP, STUN, DTLS, TLS, DNS
 * and keep-alives (CRLF, or zeros) differ in the first or third byte. One load and
 * one comparison; a second one for what starts with "SIP". A method not made of
 * capitals (RFC 4475 3.1.1.2) is left alone. Bytes 0..7 are read if len allows it.
 */
static inline bool sip_looks(const void *p, size_t len)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint32_t mask = 0x00e0e0e0, capitals = 0x00404040, three = 0x00ffffff, sip = 0x00504953;
#else
	const uint32_t mask = 0xe0e0e000, capitals = 0x40404000, three = 0xffffff00, sip = 0x53495000;
#endif
	uint32_t w;
	if (len < SIP_SHORTEST)
		return false;
	memcpy(&w, p, sizeof w);
	if (__builtin_expect((w & mask) != capitals, 1))
		return false;
	return (w & three) != sip || memcmp(p, "SIP/2.0 ", 8) == 0;
}

/* The status of what sip_looks() said yes to; 0: a request, or no status. */
static inline unsigned sip_status(const void *p, size_t len)
{
	const char *s = p;
	if (len < SIP_SHORTEST || s[3] != '/' || memcmp(s, "SIP/2.0 ", 8) != 0)
		return 0;
	const unsigned a = (unsigned)(s[8] - '0'), b = (unsigned)(s[9] - '0'), c = (unsigned)(s[10] - '0');
	return a - 1 < 6 && b < 10 && c < 10 ? a * 100 + b * 10 + c : 0;
}

/*
 * Reads the message at the start of [p, p + len), a datagram or what there is of
 * it; what follows the header is not looked at. False: not SIP/2.0; *out is
 * undefined then. True: *out says what is known, also when the bytes end anywhere
 * (MSG_TRUNC): a value that the end cut short is left out.
 */
bool sip_parse(const char *p, size_t len, struct sip_message *out);

/*
 * The same, but it ends when transaction and dialog are known, and of a 503 (21.5.4)
 * the Retry-After: of content_length, retry_after, header_length and whole_header
 * nothing is said otherwise. For datagrams, which need no framing.
 */
bool sip_parse_datagram(const char *p, size_t len, struct sip_message *out);

/*
 * Which transaction the message belongs to: one number for a request, each time it
 * is sent again, its responses (17.1.3), its CANCEL (9.1) and the ACK to a failure
 * (17.1.1.3), which all have one branch, Call-ID and CSeq number. The latter two
 * tell requests apart whose program repeats a branch, or whose branch is of RFC
 * 2543 and not unique (17.2.3). 0 when one of them is not known.
 */
uint64_t sip_transaction(const struct sip_message *m);

/*
 * Whose request it is, or answers: the hash of the AoR that REGISTER has in To (10.2), others in From. Known of REGISTER
 * and INVITE, of answers to REGISTER, and of a 503. 0: not known.
 */
static inline uint64_t sip_account(const struct sip_message *m)
{
	return m->method == SIP_REGISTER ? m->to_aor : m->from_aor;
}

/*
 * Which dialog with the one who was called the message belongs to, of those that one
 * request may begin (12.1, 13.2.2.4): Call-ID and To-tag. 0 without them.
 */
uint64_t sip_leg(const struct sip_message *m);

/* "REGISTER"; "" for SIP_NONE, "other" for SIP_OTHER and what is no method. */
const char *sip_method_text(unsigned method);

/* ---- for the feeders ---- */

/* *m before the first line. */
void sip_begin(struct sip_message *m);

/*
 * The first line, without its LF. `cut`: there is more of it than these bytes. False:
 * not SIP. A request line must end in SIP/2.0; of one that is cut the method must be
 * a known one.
 */
bool sip_start_line(struct sip_message *m, const char *line, size_t len, bool cut);

/* A logical line, without its last LF; LFs inside are folds. `cut`: a value that touches the end is left out. */
void sip_header_line(struct sip_message *m, const char *line, size_t len, bool cut);

/* The start of a message was read whole; `length` bytes with the empty line. */
void sip_end_header(struct sip_message *m, size_t length);

#endif
