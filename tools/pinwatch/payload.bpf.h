/*
 * payload.bpf.h: what is being sent, read for its transaction (scan.h).
 */
#ifndef STICKYDNS_PINWATCH_PAYLOAD_BPF_H
#define STICKYDNS_PINWATCH_PAYLOAD_BPF_H

#include "tools/pinwatch/scan.h"
#include "tools/pinwatch/sent.bpf.h"

enum { PIECE = 64, SCANNED_MAX = 2048 };

struct reading {
	struct scan scan;
	const __u8 *at;
	__u32 left;
	__u8 piece[PIECE];
};

/* Not static: so it is verified once, and not for every state that a loop could be in. */
__noinline int scan_step(struct scan *s, __u32 c) { return s ? !scan_byte(s, c) : 1; }

static long read_byte(__u32 i, void *ctx)
{
	struct reading *r = ctx;
	if (i % PIECE == 0) {
		__u32 n = r->left < PIECE ? r->left : PIECE;
		if (n == 0 || bpf_probe_read_user(r->piece, n, r->at))
			return 1;
		r->at += n;
		r->left -= n;
	}
	return scan_step(&r->scan, r->piece[i % PIECE]) ? 1 : 0;
}

static __always_inline void scan_sent(struct scan *out)
{
	const struct text text = text_sent();
	struct reading r = {.at = text.at, .left = text.length < SCANNED_MAX ? text.length : SCANNED_MAX};
	bpf_loop(r.left, read_byte, &r, 0);
	*out = r.scan;
}

#endif
