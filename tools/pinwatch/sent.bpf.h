/*
 * sent.bpf.h: where the bytes are that are being sent, for programs that run before they are.
 *
 * The hooks of sendmsg are told where a datagram goes and not what it holds. But
 * they run in the system call, so its arguments are in the caller's registers, and
 * they say where the bytes are. What cannot be found so is read as nothing: calls
 * by io_uring, from 32-bit programs, of sendmmsg with more than one message, and all
 * on machines other than x86-64. A program may change the bytes behind our back;
 * what it can mislead is its own datagram.
 */
#ifndef STICKYDNS_PINWATCH_SENT_BPF_H
#define STICKYDNS_PINWATCH_SENT_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tools/pinwatch/regs.bpf.h"

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
	const __u64 call = caller_register(__builtin_offsetof(struct pt_regs, orig_rax));
	const void *second = (const void *)caller_register(__builtin_offsetof(struct pt_regs, rsi));
	const __u64 third = caller_register(__builtin_offsetof(struct pt_regs, rdx));
	struct message_header header;
	struct text text = {};
	if (call == CALL_SENDTO)
		return (struct text){second, third};
	if (call != CALL_SENDMSG && !(call == CALL_SENDMMSG && (__u32)third == 1))
		return text;
	if (bpf_probe_read_user(&header, sizeof header, second) || header.vectors == 0 ||
	    bpf_probe_read_user(&text, sizeof text, header.vector))
		text.length = 0;
	return text;
}

#else

static __always_inline struct text text_sent(void) { return (struct text){}; }

#endif

#endif
