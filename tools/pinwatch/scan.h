/*
 * scan.h: what a datagram says of its transaction, read byte by byte.
 *
 * It reads the little of SIP (RFC 3261) that the kernel needs: may a request go to another
 * server, or must it go where the one before went? The shim's parser (sip-message.h) knows
 * more; a test compares the two. Pure, without loops or a buffer, for both the kernel's
 * verifier and a unit test.
 */
#ifndef STICKYDNS_PINWATCH_SCAN_H
#define STICKYDNS_PINWATCH_SCAN_H

#include <linux/types.h>
#include <stdbool.h>

enum scan_state { SCAN_FIRST, SCAN_NAME, SCAN_VALUE, SCAN_OVER, SCAN_NO_SIP };
enum scan_header { SCAN_OTHER, SCAN_VIA, SCAN_TO, SCAN_CALL_ID };

/* All zeros: before the first byte. */
struct scan {
	__u64 word;				/* the latest bytes, as far as they matter */
	__u64 call, branch;			/* hashes; 0: not met */
	__u32 length;				/* of the start line or the header's name */
	__u8 state, header;
	bool response, follows;			/* a status line; ACK or CANCEL */
	bool tagged, to_seen, via_seen, in_branch;
	bool quoted, escaped, angle;		/* in To */
};

/* What it is to steering. */
enum scan_kind {
	SCANNED_NOTHING,			/* no SIP, or too little of it is known */
	SCANNED_INITIAL,			/* a request that begins a transaction outside of any dialog, or is that again */
	SCANNED_WITHIN,				/* a response, ACK, CANCEL, or a request within a dialog (12.2) */
};

static inline __attribute__((always_inline)) __u8 scan_lower(__u8 c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

/* The last `n` bytes of the word. */
static inline __attribute__((always_inline)) __u64 scan_last(const struct scan *s, int n)
{
	return s->word & (~0ull >> (64 - 8 * n));
}

/* Text of up to 8 bytes, as it lies in the word. */
#define SCAN1(a) ((__u64)(a))
#define SCAN2(a, b) (SCAN1(a) << 8 | (b))
#define SCAN3(a, b, c) (SCAN2(a, b) << 8 | (c))
#define SCAN5(a, b, c, d, e) (SCAN3(a, b, c) << 16 | SCAN2(d, e))
#define SCAN6(a, b, c, d, e, f) (SCAN5(a, b, c, d, e) << 8 | (f))
#define SCAN7(a, b, c, d, e, f, g) (SCAN6(a, b, c, d, e, f) << 8 | (g))
#define SCAN8(a, b, c, d, e, f, g, h) (SCAN7(a, b, c, d, e, f, g) << 8 | (h))

/* FNV-1a. */
static inline __attribute__((always_inline)) __u64 scan_hash(__u64 h, __u8 c)
{
	return ((h ? h : 0xcbf29ce484222325ull) ^ c) * 0x100000001b3ull;
}

/* ---- the start line (7.1, 7.2) ---- */

static inline __attribute__((always_inline)) void scan_first(struct scan *s, __u8 c)
{
	if (c == '\n') {
		bool request = scan_last(s, 7) == SCAN7('S', 'I', 'P', '/', '2', '.', '0');
		s->state = s->response || request ? SCAN_NAME : SCAN_NO_SIP;
		s->length = 0;
		return;
	}
	if (s->length < 3 && (c < 'A' || c > 'Z')) {	/* RTP, STUN, keep-alives end here */
		s->state = SCAN_NO_SIP;
		return;
	}
	if (c == ' ' && s->length == 3)
		s->follows = s->word == SCAN3('A', 'C', 'K');
	if (c == ' ' && s->length == 6)
		s->follows = s->word == SCAN6('C', 'A', 'N', 'C', 'E', 'L');
	if (c == ' ' && s->length == 7)
		s->response = s->word == SCAN7('S', 'I', 'P', '/', '2', '.', '0');
	s->length++;
	if (c != ' ' && c != '\t' && c != '\r')
		s->word = s->word << 8 | c;
}

/* ---- header fields (7.3) ---- */

static inline __attribute__((always_inline)) __u8 scan_header_of(const struct scan *s)
{
	if (s->length == 7 && s->word == SCAN7('c', 'a', 'l', 'l', '-', 'i', 'd'))
		return SCAN_CALL_ID;
	if ((s->length == 3 && s->word == SCAN3('v', 'i', 'a')) || (s->length == 1 && s->word == 'v'))
		return SCAN_VIA;
	if ((s->length == 2 && s->word == SCAN2('t', 'o')) || (s->length == 1 && s->word == 't'))
		return SCAN_TO;
	return s->length == 1 && s->word == 'i' ? SCAN_CALL_ID : SCAN_OTHER;
}

/* The first of each counts. */
static inline __attribute__((always_inline)) void scan_value_begins(struct scan *s)
{
	s->header = scan_header_of(s);
	if ((s->header == SCAN_VIA && s->via_seen) || (s->header == SCAN_TO && s->to_seen) ||
	    (s->header == SCAN_CALL_ID && s->call))
		s->header = SCAN_OTHER;
	s->via_seen |= s->header == SCAN_VIA;
	s->to_seen |= s->header == SCAN_TO;
	s->in_branch = false;
	s->word = 0;
	s->state = SCAN_VALUE;
}

static inline __attribute__((always_inline)) void scan_name(struct scan *s, __u8 c)
{
	if (c == '\r')
		return;
	if (c == '\n') {		/* the empty line; or one without a colon, which is nobody's */
		s->state = s->length ? SCAN_NAME : SCAN_OVER;
		s->length = 0;
	} else if (c == ' ' || c == '\t') {
		if (s->length == 0)
			s->state = SCAN_VALUE;	/* 7.3.1: folded */
	} else if (c == ':') {
		scan_value_begins(s);
		s->length = 0;
	} else {
		s->word = (s->length ? s->word << 8 : 0) | scan_lower(c);
		s->length++;
	}
}

static inline __attribute__((always_inline)) void scan_to(struct scan *s, __u8 c)
{
	if (s->quoted) {
		s->quoted = c != '"' || s->escaped;
		s->escaped = c == '\\' && !s->escaped;
		return;
	}
	if (c == '"')
		s->quoted = true;
	else if (c == '<')
		s->angle = true;
	else if (c == '>')
		s->angle = false;
	if (s->angle)
		return;
	s->word = s->word << 8 | scan_lower(c);
	s->tagged |= scan_last(s, 5) == SCAN5(';', 't', 'a', 'g', '=');
}

/* The topmost one's branch; what is behind a comma is another's. */
static inline __attribute__((always_inline)) void scan_via(struct scan *s, __u8 c)
{
	if (c == ',')
		s->header = SCAN_OTHER;
	else if (s->in_branch && c != ';')
		s->branch = scan_hash(s->branch, c);
	else {
		s->in_branch = false;
		s->word = s->word << 8 | scan_lower(c);
		if (s->branch == 0 && s->word == SCAN8(';', 'b', 'r', 'a', 'n', 'c', 'h', '='))
			s->in_branch = true;
	}
}

static inline __attribute__((always_inline)) void scan_value(struct scan *s, __u8 c)
{
	if (c == '\n') {
		s->state = SCAN_NAME;
		s->length = 0;
		return;
	}
	if (c == ' ' || c == '\t' || c == '\r')
		return;
	if (s->header == SCAN_CALL_ID)
		s->call = scan_hash(s->call, c);
	else if (s->header == SCAN_TO)
		scan_to(s, c);
	else if (s->header == SCAN_VIA)
		scan_via(s, c);
}

/* The next byte. False: no more are wanted. */
static inline __attribute__((always_inline)) bool scan_byte(struct scan *s, __u8 c)
{
	if (s->state == SCAN_FIRST)
		scan_first(s, c);
	else if (s->state == SCAN_NAME)
		scan_name(s, c);
	else
		scan_value(s, c);
	return s->state < SCAN_OVER;
}

/* What it is, as far as it was read; the end of its header need not be. */
static inline __attribute__((always_inline)) enum scan_kind scan_kind(const struct scan *s)
{
	if (s->state == SCAN_FIRST || s->state == SCAN_NO_SIP || !s->call)
		return SCANNED_NOTHING;
	if (s->response || s->follows || s->tagged)
		return SCANNED_WITHIN;
	const bool untagged = s->to_seen && !s->quoted && !s->angle;	/* for certain */
	return untagged && s->branch && s->state == SCAN_OVER ? SCANNED_INITIAL : SCANNED_NOTHING;
}

#endif
