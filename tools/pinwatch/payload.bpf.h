/*
 * payload.bpf.h: what is being sent, for programs that run before it is.
 *
 * The hooks of sendmsg are told where a datagram goes and not what it holds. But
 * they run in the system call, so its arguments are in the caller's registers, and
 * they say where the bytes are. What cannot be found so is read as nothing: calls
 * by io_uring, from 32-bit programs, of sendmmsg with more than one message, and all
 * on machines other than x86-64. A program may change the bytes behind our back;
 * what it can mislead is its own datagram.
 */
#ifndef STICKYDNS_PINWATCH_PAYLOAD_BPF_H
#define STICKYDNS_PINWATCH_PAYLOAD_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "regs.bpf.h"
#include "scan.h"

struct text {
	const void *at;				/* in user space */
	__u64 length;
};

#ifdef __TARGET_ARCH_x86

enum { CALL_SENDTO = 44, CALL_SENDMSG = 46, CALL_SENDMMSG = 307 };	/* asm/unistd_64.h */

/* As the kernel's struct user_msghdr and struct iovec begin, on 64 bits. */
struct message_header {
	const void *name;
	__u64 name_length;
	const void *vector;
	__u64 vectors;
};

/* The first piece of what is sent. length 0: not known. */
static __always_inline struct text text_sent(void)
{
	const struct pt_regs *r = regs_of_caller();
	const __u64 call = r->orig_ax;
	struct message_header header;
	struct text text = {};
	if (call == CALL_SENDTO)
		return (struct text){(const void *)r->si, r->dx};
	if (call != CALL_SENDMSG && !(call == CALL_SENDMMSG && (__u32)r->dx == 1))
		return text;
	if (bpf_probe_read_user(&header, sizeof header, (const void *)r->si) || header.vectors == 0 ||
	    bpf_probe_read_user(&text, sizeof text, header.vector))
		text.length = 0;
	return text;
}

#else

static __always_inline struct text text_sent(void) { return (struct text){}; }

#endif

/* ---- read in pieces ---- */

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
