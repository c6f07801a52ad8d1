/* common.bpf.h: what the BPF programs of pinwatch share: the watched addresses, and whose process this is. */
#ifndef STICKYDNS_PINWATCH_COMMON_BPF_H
#define STICKYDNS_PINWATCH_COMMON_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tools/pinwatch/watch.h"

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

#endif
