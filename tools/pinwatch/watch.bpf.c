/*
 * watch.bpf.c: what becomes of TCP connections to watched addresses.
 *
 * A client's socket passes CLOSE -> SYN_SENT in the call to connect, so that is
 * where its process is known; it ends in whatever context the last packet or the
 * timer runs in. Between the two it carries a note, in storage that goes with the
 * socket. A socket whose connect began before pinwatch did has none.
 *
 * sk_err is set before the state becomes CLOSE, so that change alone tells a
 * refusal, a reset, a time-out (tcp_done_with_error()); a program's own close
 * leaves it 0. All others pay for one look at a filter.
 */
#include "common.bpf.h"

#include <linux/errno.h>

#include <bpf/bpf_tracing.h>

#include "kernel.h"

enum { TRANSPORT_TCP = 1, TRANSPORT_UDP = 2 };	/* endpoint.h */

/* On a socket: its connect. */
struct note {
	__u64 started;
	__u32 pid;
	__u8 retransmits;
	__u8 told;				/* WATCH_WAITS */
	__u8 joined;				/* pinwatch came later than its connect */
	__u8 pad;
	char comm[WATCH_COMM];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct note);
} notes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_EVENTS);
} events SEC(".maps");

/* The address of the other end. False: not IP. */
static __always_inline bool peer_of(const struct sock *sk, __u32 out[4])
{
	const struct sock_common *c = &sk->__sk_common;
	if (c->skc_family == FAMILY_INET) {
		map_v4(out, c->skc_daddr);
		return true;
	}
	for (int i = 0; i < 4; i++)
		out[i] = c->skc_v6_daddr.in6_u.u6_addr32[i];
	return c->skc_family == FAMILY_INET6;
}

static __always_inline bool peer_watched(const struct sock *sk, struct watch_key *key)
{
	if (!peer_of(sk, key->addr) || !may_be_watched(key->addr))
		return false;
	key->netns = sk->__sk_common.skc_net.net->net_cookie;
	return bpf_map_lookup_elem(&watched, key);
}

static __always_inline void tell(struct sock *sk, const struct watch_key *peer, const struct note *n,
				 enum watch_what what, __u8 transport, __u16 error)
{
	struct watch_event *e = bpf_ringbuf_reserve(&events, sizeof *e, 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	__builtin_memset(e, 0, sizeof *e);
	e->peer = *peer;
	e->cookie = bpf_get_socket_cookie(sk);
	e->now = bpf_ktime_get_ns();
	e->scope = sk->__sk_common.skc_bound_dev_if;
	e->port = __builtin_bswap16(sk->__sk_common.skc_dport);
	e->own_port = sk->__sk_common.skc_num;
	e->error = error;
	e->what = what;
	e->transport = transport;
	if (n) {
		e->started = n->joined ? 0 : n->started;
		e->pid = n->pid;
		e->retransmits = n->retransmits;
		e->known = 1;
		__builtin_memcpy(e->comm, n->comm, sizeof e->comm);
	}
	bpf_ringbuf_submit(e, 0);
}

/* ---- TCP ---- */

static __always_inline void connect_begins(struct sock *sk)
{
	struct watch_key peer;
	if (!peer_watched(sk, &peer))
		return;
	struct note *n = bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!n)
		return;
	__builtin_memset(n, 0, sizeof *n);
	n->started = bpf_ktime_get_ns();
	n->pid = pid_here();
	bpf_get_current_comm(n->comm, sizeof n->comm);
}

static __always_inline void connect_ends(struct sock *sk, int state)
{
	struct watch_key peer;
	if (!peer_watched(sk, &peer))
		return;
	struct note *n = bpf_sk_storage_get(&notes, sk, NULL, 0);
	if (state == STATE_ESTABLISHED)
		tell(sk, &peer, n, WATCH_ESTABLISHED, TRANSPORT_TCP, 0);
	else if (state == STATE_CLOSE && !(n && n->told))
		tell(sk, &peer, n, WATCH_ENDED, TRANSPORT_TCP, sk->sk_err);
}

/* `early`: it was in SYN_RECV, as a client is when both sides connect at once (RFC 9293 3.5), and every server. */
static __always_inline void connection_breaks(struct sock *sk, bool early)
{
	struct watch_key peer;
	if (!peer_watched(sk, &peer))
		return;
	struct note *n = bpf_sk_storage_get(&notes, sk, NULL, 0);
	if (!early)
		tell(sk, &peer, n, WATCH_BROKEN, TRANSPORT_TCP, sk->sk_err);
	else if (n && !n->told)
		tell(sk, &peer, n, WATCH_ENDED, TRANSPORT_TCP, sk->sk_err);
}

/*
 * EPIPE: a reset after the server's FIN (tcp_reset()), which ends what the server had closed. And what the program
 * has closed is reset when the server goes on to send.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int from, int to)
{
	const bool closed = from == STATE_FIN_WAIT1 || from == STATE_FIN_WAIT2;
	const bool ends = to == STATE_CLOSE && sk->sk_err && sk->sk_err != EPIPE && !(closed && sk->sk_err == ECONNRESET);
	if ((to != STATE_SYN_SENT && from != STATE_SYN_SENT && !ends) || sk->sk_protocol != PROTOCOL_TCP)
		return 0;
	if (to == STATE_SYN_SENT)
		connect_begins(sk);
	else if (from == STATE_SYN_SENT)
		connect_ends(sk, to);
	else
		connection_breaks(sk, from == STATE_SYN_RECV);
	return 0;
}

/* Long before the kernel gives up, which takes it 127 s (tcp(7), tcp_syn_retries). */
SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit, struct sock *sk)
{
	struct watch_key peer;
	if (sk->__sk_common.skc_state != STATE_SYN_SENT || !peer_watched(sk, &peer))
		return 0;
	struct note *n = bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!n)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	if (!n->started) {
		n->started = now;
		n->joined = 1;
	}
	n->retransmits++;
	if (n->told || n->retransmits < WAIT_RETRANSMITS || now - n->started < WAIT_MS * 1000000ull)
		return 0;
	n->told = 1;
	tell(sk, &peer, n, WATCH_WAITS, TRANSPORT_TCP, 0);
	return 0;
}

/* ---- UDP ---- */

/* An ICMP error for a connected socket. What the error queue of others says is told by icmp.c. */
SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(udp_error, struct sock *sk)
{
	struct watch_key peer;
	if (sk->sk_protocol != PROTOCOL_UDP || !sk->sk_err || sk->__sk_common.skc_state != STATE_ESTABLISHED)
		return 0;
	if (peer_watched(sk, &peer))
		tell(sk, &peer, NULL, WATCH_REFUSED, TRANSPORT_UDP, sk->sk_err);
	return 0;
}
