/*
 * attached.bpf.h: is this call one that the shim has seen, on our table?
 *
 * Then the shim has redirected it already, and knows more: it moves a pin some microseconds
 * before the map of entries follows, and that must not be turned back. A program under the
 * shim has the table mapped, so its mappings are looked through. But Go with cgo has it
 * mapped, too, and makes system calls of its own, past the shim. Those come out of the
 * program's own file; the shim's come out of libc. The answer is kept with the process, its
 * latest exec and where it calls from. A no is kept for a second, since the shim may attach
 * again when a table was replaced.
 *
 * Kernels before 6.7 cannot be asked (bpf_iter_task_vma): there all programs are redirected.
 */
#ifndef STICKYDNS_PINWATCH_ATTACHED_BPF_H
#define STICKYDNS_PINWATCH_ATTACHED_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "tools/pinwatch/caller.bpf.h"

enum { PROCESSES_MAX = 4096, NO_LASTS_NS = 1000000000 };

/* Without CAP_PERFMON, and where the kernel forbids it (kernel_lockdown(7)), nobody's memory is read. */
const volatile bool may_read = true;

/* The table's file; 0: there is none. The kernel's form of a device number. */
__u64 table_inode;
__u32 table_device;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct super_block {
	__u32 s_dev;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct file {
	struct inode *f_inode;
};

struct vm_area_struct {
	struct file *vm_file;
};

struct mm_struct {
	struct file *exe_file;
};

struct task_struct {
	struct mm_struct *mm;
	int tgid;
	__u64 start_boottime;
	__u64 self_exec_id;
	struct task_struct *group_leader;
};
#pragma clang attribute pop

struct bpf_iter_task_vma {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, __u64 addr) __ksym __weak;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym __weak;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym __weak;

struct process {
	__u64 started, exec, inode, caller;
	__u32 pid;
	__u32 pad;
};

struct attached {
	__u64 asked;				/* when */
	__u64 yes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PROCESSES_MAX);
	__type(key, struct process);
	__type(value, struct attached);
} processes SEC(".maps");

static __always_inline bool maps_table(struct task_struct *task)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	bool yes = false;
	bpf_iter_task_vma_new(&it, task, 0);
	while (!yes && (vma = bpf_iter_task_vma_next(&it))) {
		const struct inode *inode = BPF_CORE_READ(vma, vm_file, f_inode);
		yes = inode && BPF_CORE_READ(inode, i_ino) == table_inode && BPF_CORE_READ(inode, i_sb, s_dev) == table_device;
	}
	bpf_iter_task_vma_destroy(&it);
	return yes;
}

/* Is what lies there the program's own file? */
static __always_inline bool is_own(struct task_struct *task, __u64 at)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	const struct inode *here = NULL;
	bpf_iter_task_vma_new(&it, task, at);
	if ((vma = bpf_iter_task_vma_next(&it)))
		here = BPF_CORE_READ(vma, vm_file, f_inode);
	bpf_iter_task_vma_destroy(&it);
	return here && here == BPF_CORE_READ(task, mm, exe_file, f_inode);
}

/* Not static: verified once. */
__noinline int is_attached(void)
{
	if (!may_read || !bpf_iter_task_vma_new || !table_inode)
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	const struct process who = {.started = BPF_CORE_READ(task, group_leader, start_boottime), .exec = task->self_exec_id,
				    .inode = table_inode, .caller = called_from(), .pid = task->tgid};
	const __u64 now = bpf_ktime_get_ns();
	const struct attached *known = bpf_map_lookup_elem(&processes, &who);
	if (known && (known->yes || now - known->asked < NO_LASTS_NS))
		return known->yes;
	const struct attached a = {.asked = now, .yes = maps_table(task) && !(who.caller && is_own(task, who.caller))};
	bpf_map_update_elem(&processes, &who, &a, BPF_ANY);
	return a.yes;
}

#endif
