/*
 * datagrams.bpf.c: UDP datagrams to and from watched addresses.
 *
 * Programs on a cgroup see what its processes send and get. They never refuse or change
 * anything. For a datagram to a watched address they note which socket of which process
 * sent it, and what an ICMP error would quote of it. Anybody can forge an error; so it is
 * compared with what was really sent, and reported with a process. Of SIP's REGISTER,
 * INVITE and responses they hand on a copy; all judgement is pinwatch's.
 *
 * The hooks on connect(2) and sendmsg(2) are always there. Those that see packets cost
 * every packet of the host a call, TCP's too. So they are attached only while somebody
 * sends datagrams to watched addresses (datagrams.h); `wakes` asks for them.
 */
#include "tools/pinwatch/watched.bpf.h"

#include "tools/pinwatch/caller.bpf.h"
#include "tools/pinwatch/kernel.h"

enum { V4_HEADER = 20, V6_HEADER = 40, UDP_HEADER = 8, PASS = 1, STAMP_NS = 1000000000, NAMED_BITS = 30 };

bool attended;				/* pinwatch looks at the packets */
__u64 sockets;				/* where one was connected to a watched address: network namespace (cookie); 0: nowhere */
__u64 sent;				/* when a datagram last went to a watched address, to a second or so */

bool connects_attended;			/* pinwatch looks at changes of state */
__u64 connected_tcp;			/* when a TCP connect to a watched address last began */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SENDERS_MAX);
	__type(key, struct sender_key);
	__type(value, struct sender);
} senders SEC(".maps");

/* Of connected sockets, which may have had no port yet when they were connected; by their cookies. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SENDERS_MAX);
	__type(key, __u64);
	__type(value, struct sender);
} connected SEC(".maps");

/* When datagrams were sent, by what an ICMP error quotes of them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SENT_MAX);
	__type(key, struct sent_key);
	__type(value, __u64);
} quotes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_MESSAGES);
} messages SEC(".maps");

/* One byte each, an enum watch_wake. If there is no room, there are enough of them. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_WAKES);
} wakes SEC(".maps");

/* Where a message is put together: it is too large for a program's stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch_message);
} scratch SEC(".maps");

struct datagram {
	__u32 from[4], to[4];
	__u16 from_port, to_port;
	__u32 payload;				/* its offset */
};

/* Most packets are TCP's: all they pay for. */
static __always_inline bool is_udp(const struct __sk_buff *skb)
{
	const __u8 *p = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	return p + V4_HEADER <= end && p[p[0] >> 4 == 4 ? 9 : 6] == PROTOCOL_UDP;
}

/* False: a later fragment. IPv6 extension headers are not followed: UDP between programs has none. */
static __always_inline bool parse(struct __sk_buff *skb, struct datagram *d)
{
	const __u8 *p = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	__be16 ports[2];
	__u32 at;
	if (p + V4_HEADER > end)
		return false;
	if (p[0] >> 4 == 4) {
		if ((p[6] & 0x1f) || p[7])
			return false;
		at = (p[0] & 15) * 4u;
		map_v4(d->from, *(const __be32 *)(p + 12));
		map_v4(d->to, *(const __be32 *)(p + 16));
	} else {
		if (p + V6_HEADER > end)
			return false;
		at = V6_HEADER;
		__builtin_memcpy(d->from, p + 8, sizeof d->from);
		__builtin_memcpy(d->to, p + 24, sizeof d->to);
	}
	if (bpf_skb_load_bytes(skb, at, ports, sizeof ports))
		return false;
	d->from_port = __builtin_bswap16(ports[0]);
	d->to_port = __builtin_bswap16(ports[1]);
	d->payload = at + UDP_HEADER;
	return true;
}

static __always_inline bool flow_watched(struct __sk_buff *skb, const __u32 peer[4], __u16 port, __u16 own_port,
					 struct sender_key *flow)
{
	if (!may_be_watched(peer))
		return false;
	__builtin_memset(flow, 0, sizeof *flow);
	__builtin_memcpy(flow->peer.addr, peer, sizeof flow->peer.addr);
	flow->peer.netns = bpf_get_netns_cookie(skb);
	flow->port = port;
	flow->own_port = own_port;
	return bpf_map_lookup_elem(&watched, &flow->peer);
}

/* ---- copies ---- */

/* All but the text, of `length` bytes; `who`: its sender, or NULL if it comes in. */
static __always_inline void describe(struct watch_message *m, const struct sender_key *flow, const struct sender *who,
				     __u64 cookie, __u32 scope, __u32 length)
{
	m->flow = *flow;
	m->cookie = cookie;
	m->now = bpf_ktime_get_ns();
	m->pid = who ? who->pid : 0;
	m->outward = who != NULL;
	__builtin_memset(m->comm, 0, sizeof m->comm);
	if (who)
		__builtin_memcpy(m->comm, who->comm, sizeof m->comm);
	m->scope = scope;
	m->length = length;
}

static __always_inline bool starts(const char seen[8], const char want[8], __u32 length)
{
	for (__u32 i = 0; i < length; i++)
		if (seen[i] != want[i])
			return false;
	return true;
}

/* Requests that are waited for. */
static __always_inline bool is_request(const char first[8])
{
	return starts(first, "REGISTER", 8) || starts(first, "INVITE s", 7);
}

static __always_inline void copy_packet(struct __sk_buff *skb, const struct datagram *d, const struct sender_key *flow,
					const struct sender *who)
{
	__u32 zero = 0, length = skb->len - d->payload;
	struct watch_message *m = bpf_map_lookup_elem(&scratch, &zero);
	if (!m || skb->len <= d->payload)
		return;
	if (length > MESSAGE_MAX)
		length = MESSAGE_MAX;
	if (length == 0 || bpf_skb_load_bytes(skb, d->payload, m->text, length))
		return;
	describe(m, flow, who, bpf_get_socket_cookie(skb), skb->ifindex, length);
	if (bpf_ringbuf_output(&messages, m, __builtin_offsetof(struct watch_message, text) + length, 0))
		__sync_fetch_and_add(&lost, 1);
}

/* Of one whose packets are not looked at yet. Right in the ring: a sender may be preempted, with the scratch half full. */
static __always_inline void copy_sent(struct bpf_sock_addr *ctx, const struct sender_key *flow, const struct sender *who,
				      const struct text *text)
{
	__u32 length = text->length < MESSAGE_MAX ? text->length : MESSAGE_MAX;
	char first[8] = {};
	if (length < sizeof first || bpf_probe_read_user(first, sizeof first, text->at) || !is_request(first))
		return;
	struct watch_message *m = bpf_ringbuf_reserve(&messages, sizeof *m, 0);
	if (!m) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	if (bpf_probe_read_user(m->text, length, text->at)) {
		bpf_ringbuf_discard(m, 0);
		return;
	}
	describe(m, flow, who, bpf_get_socket_cookie(ctx), ctx->sk ? ctx->sk->bound_dev_if : 0, length);
	bpf_ringbuf_submit(m, 0);
}

/* ---- what errors are held against ---- */

static __always_inline void note_quote(const struct sender_key *flow, __u64 quote, __u64 now)
{
	struct sent_key key = {.flow = *flow, .quote = quote};
	bpf_map_update_elem(&quotes, &key, &now, BPF_ANY);
}

/* A packet's text, or one that a program is about to send. */
struct source {
	struct __sk_buff *skb;			/* NULL: at `user` */
	__u32 payload;				/* offset in skb */
	const void *user;
};

static __always_inline long read_text(const struct source *s, __u32 at, void *to, __u32 n)
{
	return s->skb ? bpf_skb_load_bytes(s->skb, s->payload + at, to, n) : bpf_probe_read_user(to, n, s->user + at);
}

static __always_inline void note_sent(const struct sender_key *flow, const struct source *s, __u32 length)
{
	const __u64 now = bpf_ktime_get_ns();
	__u64 quote = quote_of_length(length), text[QUOTE_STEP / 8];
	note_quote(flow, quote, now);
	for (__u32 at = 0; at < QUOTE_MAX && at < length; at += QUOTE_STEP) {
		__u32 n = length - at;
		if (n >= QUOTE_STEP)
			n = QUOTE_STEP;
		else
			__builtin_memset(text, 0, sizeof text);
		if (n == 0 || n > QUOTE_STEP || read_text(s, at, text, n))
			return;
		quote = quote_more(quote, text);
	}
	note_quote(flow, quote, now);
}

/* ---- who sends ---- */

static __always_inline void sent_now(void)
{
	__u64 now = bpf_ktime_get_ns();
	if (now - sent > STAMP_NS)
		sent = now;
}

/* This process, with a socket, to the flow or the socket in `map`. */
static __always_inline void note_sender(void *map, const void *key, __u64 cookie, struct sender *out)
{
	__u64 now = bpf_ktime_get_ns();
	struct sender *s = bpf_map_lookup_elem(map, key);
	if (s && s->cookie == cookie && s->named == (__u32)(now >> NAMED_BITS)) {
		s->last = now;
		*out = *s;
		return;
	}
	*out = (struct sender){.cookie = cookie, .last = now, .heard = s ? s->heard : 0, .pid = pid_here(),
			       .named = (__u32)(now >> NAMED_BITS)};
	bpf_get_current_comm(out->comm, sizeof out->comm);
	bpf_map_update_elem(map, key, out, BPF_ANY);
}

static __always_inline void wake(__u8 why) { bpf_ringbuf_output(&wakes, &why, sizeof why, 0); }

static __always_inline bool to_watched(struct bpf_sock_addr *ctx, const __u32 to[4], struct sender_key *flow)
{
	if (!may_be_watched(to) || !ctx->user_port)
		return false;
	__builtin_memset(flow, 0, sizeof *flow);
	__builtin_memcpy(flow->peer.addr, to, sizeof flow->peer.addr);
	flow->peer.netns = bpf_get_netns_cookie(ctx);
	flow->port = __builtin_bswap16((__u16)ctx->user_port);
	if (ctx->sk)
		flow->own_port = (__u16)ctx->sk->src_port;
	return bpf_map_lookup_elem(&watched, &flow->peer);
}

/* What it sends later passes no hook. It may send nothing: getaddrinfo(3) connects sockets to learn its own addresses. */
static __always_inline void datagrams_connect(struct bpf_sock_addr *ctx, __u64 netns)
{
	struct sender who;
	const __u64 cookie = bpf_get_socket_cookie(ctx);
	note_sender(&connected, &cookie, cookie, &who);
	if (!attended && !sockets)
		wake(WAKE_CONNECTED);
	sockets = netns;
}

static __always_inline void stream_connects(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	struct note *n = sk ? bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
	if (!n)
		return;
	note_begins(n);
	connected_tcp = n->started;
	if (!connects_attended)
		wake(WAKE_CONNECTS);
}

static __always_inline int connects(struct bpf_sock_addr *ctx, const __u32 to[4])
{
	struct sender_key flow;
	if (!to_watched(ctx, to, &flow))
		return PASS;
	if (ctx->protocol == PROTOCOL_UDP)
		datagrams_connect(ctx, flow.peer.netns);
	else if (ctx->type == TYPE_STREAM)
		stream_connects(ctx);
	return PASS;
}

/* Through a socket that is not connected. */
static __always_inline int sends(struct bpf_sock_addr *ctx, const __u32 to[4])
{
	struct sender_key flow;
	struct sender who;
	if (!to_watched(ctx, to, &flow))
		return PASS;
	note_sender(&senders, &flow, bpf_get_socket_cookie(ctx), &who);
	sent_now();
	if (attended)
		return PASS;
	const struct text text = text_sent();
	wake(WAKE_SENT);
	note_sent(&flow, &(struct source){.user = text.at}, text.length);
	copy_sent(ctx, &flow, &who, &text);
	return PASS;
}

SEC("cgroup/connect4")
int connect_v4(struct bpf_sock_addr *ctx)
{
	__u32 to[4];
	map_v4(to, ctx->user_ip4);
	return connects(ctx, to);
}

SEC("cgroup/connect6")
int connect_v6(struct bpf_sock_addr *ctx)
{
	const __u32 to[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	return connects(ctx, to);
}

SEC("cgroup/sendmsg4")
int send_v4(struct bpf_sock_addr *ctx)
{
	__u32 to[4];
	map_v4(to, ctx->user_ip4);
	return sends(ctx, to);
}

SEC("cgroup/sendmsg6")
int send_v6(struct bpf_sock_addr *ctx)
{
	const __u32 to[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	return sends(ctx, to);
}

/* ---- packets ---- */

SEC("cgroup_skb/egress")
int datagram_out(struct __sk_buff *skb)
{
	char first[8];
	struct sender_key flow;
	struct datagram d;
	if (!is_udp(skb) || !parse(skb, &d) || !flow_watched(skb, d.to, d.to_port, d.from_port, &flow))
		return PASS;
	struct sender who;
	note_sender(&senders, &flow, bpf_get_socket_cookie(skb), &who);
	note_sent(&flow, &(struct source){.skb = skb, .payload = d.payload}, skb->len - d.payload);
	sent_now();
	if (!bpf_skb_load_bytes(skb, d.payload, first, sizeof first) && is_request(first))
		copy_packet(skb, &d, &flow, &who);
	return PASS;
}

SEC("cgroup_skb/ingress")
int datagram_in(struct __sk_buff *skb)
{
	char first[8];
	struct sender_key flow;
	struct datagram d;
	if (!is_udp(skb) || !parse(skb, &d) || !flow_watched(skb, d.from, d.from_port, d.to_port, &flow))
		return PASS;
	struct sender *to = bpf_map_lookup_elem(&senders, &flow);
	if (to)
		to->heard = bpf_ktime_get_ns();
	if (!bpf_skb_load_bytes(skb, d.payload, first, sizeof first) && starts(first, "SIP/2.0 ", 8))
		copy_packet(skb, &d, &flow, NULL);
	return PASS;
}
