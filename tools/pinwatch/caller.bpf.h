/*
 * caller.bpf.h: what the program that runs asked of the kernel: where it called from, and what it is about to send.
 *
 * The hooks of sendmsg are told where a datagram goes, and not what it holds. But they run
 * in the system call: the caller's registers hold its arguments, which say where the bytes
 * are. These cannot be read: calls by io_uring, calls from 32-bit programs, sendmmsg with
 * more than one message, and all on machines other than x86-64. A program may change the
 * bytes behind our back; it misleads only its own datagram.
 */
#ifndef STICKYDNS_PINWATCH_CALLER_BPF_H
#define STICKYDNS_PINWATCH_CALLER_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct text {
	const void *at;				/* in user space */
	__u64 length;
};

#ifdef __TARGET_ARCH_x86

#include <asm/ptrace.h>

/* struct pt_regs of this machine never changes: ptrace(2) shows it to programs. */
static __always_inline __u64 caller_register(__u64 offset)
{
	__u64 value = 0;
	bpf_probe_read_kernel(&value, sizeof value, (const char *)bpf_task_pt_regs(bpf_get_current_task_btf()) + offset);
	return value;
}

static __always_inline __u64 called_from(void) { return caller_register(__builtin_offsetof(struct pt_regs, rip)); }

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

static __always_inline __u64 called_from(void) { return 0; }

static __always_inline struct text text_sent(void) { return (struct text){}; }

#endif

#endif
