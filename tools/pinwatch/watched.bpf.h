/*
 * watched.bpf.h: what connects.bpf.c and datagrams.bpf.c share: the watched addresses, the process that runs, and the
 * note that a TCP socket carries.
 */
#ifndef STICKYDNS_PINWATCH_WATCHED_BPF_H
#define STICKYDNS_PINWATCH_WATCHED_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tools/pinwatch/watched.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* The pid namespace of pinwatch (namespaces(7)); 0: the first one's numbers will do. */
const volatile __u64 pidns_dev, pidns_ino;

__u64 lost;				/* events that found no room in their ring */
__u64 filter[FILTER_BITS / 64];		/* watch_bit */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WATCHED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct watch_key);
	__type(value, __u8);
} watched SEC(".maps");

/* The process that is running, as pinwatch numbers it if it can, else as the first pid namespace does. */
static __always_inline __u32 pid_here(void)
{
	struct bpf_pidns_info ns = {};
	if (pidns_ino && bpf_get_ns_current_pid_tgid(pidns_dev, pidns_ino, &ns, sizeof ns) == 0)
		return ns.tgid;
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline void map_v4(__u32 out[4], __be32 addr)
{
	out[0] = out[1] = 0;
	out[2] = __builtin_bswap32(0xffff);
	out[3] = addr;
}

/* Surely not watched: without a call. */
static __always_inline bool may_be_watched(const __u32 addr[4])
{
	const __u32 bit = watch_bit(addr);
	return filter[bit / 64] >> (bit % 64) & 1;
}

/* ---- what a TCP socket carries from its call to connect(2) on, in storage that goes with it ---- */

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
