/*
 * regs.bpf.h: the registers with which the program that runs entered the kernel.
 *
 * On machines other than x86-64 they are not known: its arguments are read as
 * nothing, and where it called from is 0.
 */
#ifndef STICKYDNS_PINWATCH_REGS_BPF_H
#define STICKYDNS_PINWATCH_REGS_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

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

#else

static __always_inline __u64 called_from(void) { return 0; }

#endif

#endif
