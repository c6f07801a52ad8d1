/*
 * connects.bpf.c: what becomes of connections to watched addresses.
 *
 * A connect is noted in the call to connect(2), where its process is known. It ends in
 * whatever context the last packet or the timer runs in. In between, the socket carries a
 * note. A socket whose connect began before pinwatch did has none.
 *
 * Failures come from hooks that nothing else passes: resets, errors, retransmits. A
 * successful connect shows by its change of state. Every TCP socket passes that hook six
 * times in its life. So the hook is attached only while somebody connects to a watched
 * address (connects.h). All others pay for one look at a filter.
 */
#include "tools/pinwatch/watched.bpf.h"

#include <linux/errno.h>

#include <bpf/bpf_tracing.h>

#include "tools/pinwatch/kernel.h"

enum { TRANSPORT_TCP = 1, TRANSPORT_UDP = 2 };	/* endpoint.h */

static const __u64 LATE_NS = 60000000000;	/* the hook comes as late as a busy machine lets it */

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
				 enum watch_what what, __u16 error, __u64 now)
{
	struct watch_event *e = bpf_ringbuf_reserve(&events, sizeof *e, 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	__builtin_memset(e, 0, sizeof *e);
	e->peer = *peer;
	e->cookie = bpf_get_socket_cookie(sk);
	e->now = now;
	e->scope = sk->__sk_common.skc_bound_dev_if;
	e->port = __builtin_bswap16(sk->__sk_common.skc_dport);
	e->own_port = sk->__sk_common.skc_num;
	e->error = error;
	e->what = what;
	e->transport = what == WATCH_REFUSED ? TRANSPORT_UDP : TRANSPORT_TCP;
	if (n) {
		e->started = n->joined ? 0 : n->started;
		e->waited_ms = (now - n->started) / 1000000;
		e->pid = n->pid;
		e->retransmits = n->retransmits;
		e->known = 1;
		__builtin_memcpy(e->comm, n->comm, sizeof e->comm);
	}
	bpf_ringbuf_submit(e, 0);
}

static __always_inline struct note *note_of(struct sock *sk) { return bpf_sk_storage_get(&notes, sk, NULL, 0); }

static __always_inline struct note *note_made(struct sock *sk)
{
	return bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
}

/* ---- TCP: how a connect fares ---- */

/* The SYN is the first byte that the peer acknowledges. A server's side never sent one. */
static __always_inline bool came_through(const struct tcp_sock *tp) { return tp->bytes_acked > 0; }

/* A later end is another thing to tell than that it waited. */
static __always_inline void tell_through(struct sock *sk, const struct watch_key *peer, struct note *n, __u64 when)
{
	if (n && __sync_val_compare_and_swap(&n->through, 0, 1))
		return;
	tell(sk, peer, n, WATCH_ESTABLISHED, 0, when);
	if (n)
		n->told = 0;
}

/* Once; but that it waits at each SYN, and then how it ended, as it may count later only (report.c). */
static __always_inline bool is_told(const struct note *n) { return n && n->told && n->told != WATCH_WAITS; }

static __always_inline void tell_end(struct sock *sk, const struct watch_key *peer, struct note *n, enum watch_what what,
				     __u16 error)
{
	if (is_told(n))
		return;
	tell(sk, peer, n, what, error, bpf_ktime_get_ns());
	if (n)
		n->told = what;
}

/* What comes through, and what its program gives up. Where it fails, the hooks below tell. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, struct sock *sk, int from, int to)
{
	struct watch_key peer;
	struct note *n;
	if ((to != STATE_SYN_SENT && from != STATE_SYN_SENT) || sk->sk_protocol != PROTOCOL_TCP || !peer_watched(sk, &peer))
		return 0;
	if (to == STATE_SYN_SENT) {
		if ((n = note_made(sk)))
			note_begins(n);
	} else if (to == STATE_ESTABLISHED) {
		tell_through(sk, &peer, note_of(sk), bpf_ktime_get_ns());
	} else if (to == STATE_CLOSE && !sk->sk_err) {
		tell_end(sk, &peer, note_of(sk), WATCH_ENDED, 0);
	}
	return 0;
}

/*
 * For each open file of each process: of sockets that have a note, those that came through while tcp_state was not
 * there. Of an older one it is not known what became of the server since. The handshake is the first round trip
 * measured. Not every kernel lets a program walk the notes themselves.
 */
SEC("iter/task_file")
int tcp_look(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct socket *socket = file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk = socket ? socket->sk : NULL;
	struct note *n = sk ? note_of(sk) : NULL;
	struct watch_key peer;
	const struct tcp_sock *tp = n ? bpf_skc_to_tcp_sock(sk) : NULL;
	const __u64 now = bpf_ktime_get_ns();
	if (!tp || n->through || n->told || n->retransmits || now - n->started > LATE_NS || !came_through(tp) ||
	    !peer_watched(sk, &peer))
		return 0;
	const __u64 then = n->started + (tp->srtt_us >> 3) * 1000ull;
	tell_through(sk, &peer, n, then < now ? then : now);
	return 0;
}

/* ---- TCP: how it fails ---- */

/*
 * The server's reset, before it takes effect. One that meets a connection which either end has closed already
 * (EPIPE, tcp_reset()) ends nothing. In SYN_RECV a client is when both connect at once (RFC 9293 3.5); servers have no note.
 */
SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(tcp_reset, struct sock *sk)
{
	const int state = sk->__sk_common.skc_state;
	struct watch_key peer;
	if ((state != STATE_SYN_SENT && state != STATE_SYN_RECV && state != STATE_ESTABLISHED) || !peer_watched(sk, &peer))
		return 0;
	struct note *n = note_of(sk);
	if (state == STATE_SYN_SENT)
		tell_end(sk, &peer, n, WATCH_ENDED, ECONNREFUSED);
	else if (state == STATE_ESTABLISHED)
		tell_end(sk, &peer, n, WATCH_BROKEN, ECONNRESET);
	else if (n)
		tell_end(sk, &peer, n, WATCH_ENDED, ECONNRESET);
	return 0;
}

/* Time-outs and ICMP errors. A program that takes its connect back (AF_UNSPEC, connect(2)) has left the peer's port empty. */
static __always_inline void tcp_error(struct sock *sk, const struct watch_key *peer)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	const int state = sk->__sk_common.skc_state, error = sk->sk_err;
	struct note *n = note_of(sk);
	if (!tp || !sk->__sk_common.skc_dport || error == ECONNRESET || error == EPIPE)
		return;
	if (!came_through(tp) && n)
		tell_end(sk, peer, n, WATCH_ENDED, error);
	else if (came_through(tp) && (state == STATE_CLOSE || error == ETIMEDOUT))	/* and not what IP_RECVERR asked for */
		tell_end(sk, peer, n, WATCH_BROKEN, error);
}

/* Long before the kernel gives up, which takes it 127 s (tcp(7), tcp_syn_retries). */
SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit, struct sock *sk)
{
	struct watch_key peer;
	if (sk->__sk_common.skc_state != STATE_SYN_SENT || !peer_watched(sk, &peer))
		return 0;
	struct note *n = note_made(sk);
	if (!n)
		return 0;
	const __u64 now = bpf_ktime_get_ns();
	if (!n->started) {
		n->started = now;
		n->joined = 1;
	}
	n->retransmits++;
	if (now - n->started >= WAIT_LEAST_MS * 1000000ull)
		tell_end(sk, &peer, n, WATCH_WAITS, 0);
	return 0;
}

/* ---- UDP ---- */

/* An ICMP error for a connected socket. What the error queue of others says is told by icmp.c. */
static __always_inline void udp_error(struct sock *sk, const struct watch_key *peer)
{
	if (sk->__sk_common.skc_state == STATE_ESTABLISHED)
		tell(sk, peer, NULL, WATCH_REFUSED, sk->sk_err, bpf_ktime_get_ns());
}

/* sk_err is set before, and nobody has had the time to read it away (sk_error_report()). */
SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(socket_error, struct sock *sk)
{
	struct watch_key peer;
	if (!sk->sk_err || !peer_watched(sk, &peer))
		return 0;
	if (sk->sk_protocol == PROTOCOL_TCP)
		tcp_error(sk, &peer);
	else if (sk->sk_protocol == PROTOCOL_UDP)
		udp_error(sk, &peer);
	return 0;
}
