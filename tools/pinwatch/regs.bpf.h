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

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs {
	unsigned long di, si, dx, ip, orig_ax;
};
#pragma clang attribute pop

static __always_inline const struct pt_regs *regs_of_caller(void)
{
	return (const struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

static __always_inline __u64 called_from(void) { return regs_of_caller()->ip; }

#else

static __always_inline __u64 called_from(void) { return 0; }

#endif

#endif
