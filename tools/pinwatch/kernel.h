/*
 * kernel.h: the kernel's structs, as far as pinwatch's programs read them.
 *
 * Names and types are the kernel's; sizes and offsets are not. libbpf puts the running
 * kernel's offsets in when it loads the programs (CO-RE), so no machine's vmlinux.h is
 * needed to build. Members of unnamed unions there are found by name and stand here plainly.
 */
#ifndef STICKYDNS_PINWATCH_KERNEL_H
#define STICKYDNS_PINWATCH_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net {
	__u64 net_cookie;			/* Linux 5.12 */
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__be32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be16 skc_dport;
	__u16 skc_num;				/* local port, host order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
	int sk_err;
	__u16 sk_protocol;
};

struct tcp_sock {
	__u64 bytes_acked;			/* RFC 4898 tcpEStatsAppHCThruOctetsAcked */
	__u32 srtt_us;				/* eight times the smoothed round trip */
};

struct file;

struct socket {
	struct sock *sk;
};

struct bpf_iter__task_file {
	struct file *file;
};

#pragma clang attribute pop

/* net/tcp_states.h, linux/socket.h, linux/in.h: numbers that programs see and that never change. */
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_SYN_RECV = 3, STATE_CLOSE = 7 };
enum { FAMILY_INET = 2, FAMILY_INET6 = 10, TYPE_STREAM = 1 };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

#endif
