/* note.bpf.h: what a TCP socket carries from its call to connect(2) on, in storage that goes with it. */
#ifndef STICKYDNS_PINWATCH_NOTE_BPF_H
#define STICKYDNS_PINWATCH_NOTE_BPF_H

#include "tools/pinwatch/common.bpf.h"

struct note {
	__u64 started;
	__u32 pid;
	__u32 through;				/* it came through, and that is told: taken by whoever is first */
	__u8 retransmits;
	__u8 told;				/* WATCH_WAITS, or how it ended */
	__u8 joined;				/* pinwatch came later than its connect */
	__u8 pad[5];
	char comm[WATCH_COMM];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct note);
} notes SEC(".maps");

/* In the call to connect. */
static __always_inline void note_begins(struct note *n)
{
	__builtin_memset(n, 0, sizeof *n);
	n->started = bpf_ktime_get_ns();
	n->pid = pid_here();
	bpf_get_current_comm(n->comm, sizeof n->comm);
}

#endif
