/*
 * steer.bpf.c: redirects to the pin what programs of a cgroup send to SIP endpoints.
 *
 * For programs that no preload reaches. A TCP connect is simple: it goes to the pin, and
 * getpeername shows the address that the program asked for. A datagram may belong to
 * something that began with another server, so it is read as it is sent:
 *
 *   no SIP, or not readable        to the pin
 *   a request outside of a dialog  to the pin; sent again (the same Via branch), where
 *                                  it went, until that server has failed
 *   ACK, CANCEL, a response, a     where the call (Call-ID) went; if it is unknown, to
 *   request within a dialog        who last spoke as that address; if nobody, as sent
 *
 * Replies seem to come from the address that was asked for, unless that socket itself sent
 * to the actual one. A datagram of a connected socket passes no hook and is not redirected.
 * A packet to no endpoint of the table pays for two failed lookups. Programs that the shim
 * redirects, on the same table, are left to it.
 *
 * v4-mapped addresses of AF_INET6 sockets come to connect6, sendmsg4, recvmsg6 and
 * getpeername6: keys have one form for both, so nothing here cares.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "tools/pinwatch/attached.bpf.h"
#include "tools/pinwatch/caller.bpf.h"
#include "tools/pinwatch/scan.h"
#include "tools/pinwatch/steered.h"

enum { ALLOW = 1, TRANSPORT_TCP = 1, TRANSPORT_UDP = 2, STREAM = 1, PROTOCOL_TCP = 6 };	/* endpoint.h, socket(2), in.h */

char LICENSE[] SEC("license") = "Dual MIT/GPL";

__u64 connects, datagrams;		/* that were redirected */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEERED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steer_key);
	__type(value, struct steer_to);
} steered SEC(".maps");

/* Asked for -> where it went: of a call, or with call 0 who was sent to or heard from last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS_MAX);
	__type(key, struct steer_flow_key);
	__type(value, struct steer_flow);
} flows SEC(".maps");

/* The real peer -> what was asked for; itself, once the socket sent to that. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS_MAX);
	__type(key, struct steer_flow_key);
	__type(value, struct steer_flow);
} back SEC(".maps");

/* ---- what is sent, read for its transaction ---- */

enum { PIECE = 64, SCANNED_MAX = 2048 };

struct reading {
	struct scan scan;
	const __u8 *at;
	__u32 left;
	__u8 piece[PIECE];
};

/* Not static: so it is verified once, and not for every state that a loop could be in. */
__noinline int scan_step(struct scan *s, __u32 c) { return s ? !scan_byte(s, c) : 1; }

static long read_byte(__u32 i, void *ctx)
{
	struct reading *r = ctx;
	if (i % PIECE == 0) {
		__u32 n = r->left < PIECE ? r->left : PIECE;
		if (n == 0 || bpf_probe_read_user(r->piece, n, r->at))
			return 1;
		r->at += n;
		r->left -= n;
	}
	return scan_step(&r->scan, r->piece[i % PIECE]) ? 1 : 0;
}

static __always_inline void scan_sent(struct scan *out)
{
	const struct text text = text_sent();
	struct reading r = {.at = text.at, .left = text.length < SCANNED_MAX ? text.length : SCANNED_MAX};
	bpf_loop(r.left, read_byte, &r, 0);
	*out = r.scan;
}

/* ---- addresses ---- */

static __always_inline void copy(__u8 to[16], const __u8 from[16]) { __builtin_memcpy(to, from, 16); }

static __always_inline bool same(const __u8 a[16], __u16 a_port, const __u8 b[16], __u16 b_port)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;
	return x[0] == y[0] && x[1] == y[1] && a_port == b_port;
}

static __always_inline void read_v4(const struct bpf_sock_addr *ctx, __u8 addr[16])
{
	__u32 *w = (__u32 *)addr;
	w[0] = w[1] = 0;
	w[2] = __builtin_bswap32(0xffff);
	w[3] = ctx->user_ip4;
}

static __always_inline void read_v6(const struct bpf_sock_addr *ctx, __u8 addr[16])
{
	__u32 *w = (__u32 *)addr;
	w[0] = ctx->user_ip6[0];
	w[1] = ctx->user_ip6[1];
	w[2] = ctx->user_ip6[2];
	w[3] = ctx->user_ip6[3];
}

static __always_inline void write_v4(struct bpf_sock_addr *ctx, const __u8 addr[16], __u16 port)
{
	const __u32 *w = (const __u32 *)addr;
	ctx->user_ip4 = w[3];
	ctx->user_port = __builtin_bswap16(port);
}

static __always_inline void write_v6(struct bpf_sock_addr *ctx, const __u8 addr[16], __u16 port)
{
	const __u32 *w = (const __u32 *)addr;
	ctx->user_ip6[0] = w[0];
	ctx->user_ip6[1] = w[1];
	ctx->user_ip6[2] = w[2];
	ctx->user_ip6[3] = w[3];
	ctx->user_port = __builtin_bswap16(port);
}

static __always_inline __u16 port_of(const struct bpf_sock_addr *ctx)
{
	return __builtin_bswap16((__u16)ctx->user_port);
}

/* ---- the maps ---- */

static __always_inline struct steer_flow_key flow_key(__u64 socket, const __u8 addr[16], __u16 port, __u8 transport)
{
	struct steer_flow_key k = {.socket = socket, .port = port, .transport = transport};
	copy(k.addr, addr);
	return k;
}

/* Writes only what is new: most datagrams go where the one before went. */
static __always_inline void put(void *map, const struct steer_flow_key *k, const struct steer_flow *f)
{
	const struct steer_flow *old = bpf_map_lookup_elem(map, k);
	if (!old || old->branch != f->branch || !same(old->addr, old->port, f->addr, f->port))
		bpf_map_update_elem(map, k, f, BPF_ANY);
}

/* Where what is asked for leads. False: it is no endpoint of the table. */
static __always_inline bool leads(struct steer_key *asked, struct steer_flow *to)
{
	const __u16 port = asked->port;
	const struct steer_to *t = bpf_map_lookup_elem(&steered, asked);
	if (!t) {
		asked->port = 0;
		t = bpf_map_lookup_elem(&steered, asked);
		asked->port = port;
	}
	if (!t)
		return false;
	copy(to->addr, t->addr);
	to->port = t->port ? t->port : port;
	return true;
}

static __always_inline bool has_failed(__u64 netns, const struct steer_flow *f)
{
	struct steer_key k = {.netns = netns, .port = f->port, .transport = TRANSPORT_UDP};
	copy(k.addr, f->addr);
	const struct steer_to *t = bpf_map_lookup_elem(&steered, &k);
	return t && t->failed;
}

/* ---- where ---- */

/* What goes to `to` was asked of `asked`: so replies are to say, but for a socket that knows the real one. */
static __always_inline void note_back(const struct steer_flow_key *asked, const struct steer_flow *to)
{
	struct steer_flow_key real = flow_key(asked->socket, to->addr, to->port, asked->transport);
	struct steer_flow as = {.port = asked->port};
	copy(as.addr, asked->addr);
	const struct steer_flow *old = bpf_map_lookup_elem(&back, &real);
	if (!old || !same(old->addr, old->port, real.addr, real.port))
		put(&back, &real, &as);
}

/* It goes where that call went, or where who spoke last is; *to is as asked already. */
static __always_inline void stay(struct steer_flow_key *k, __u64 call, struct steer_flow *to)
{
	struct steer_flow *f;
	k->call = call;
	f = bpf_map_lookup_elem(&flows, k);
	k->call = 0;
	if (!f)
		f = bpf_map_lookup_elem(&flows, k);
	if (!f)
		return;
	*to = *f;
	k->call = call;
	put(&flows, k, to);
	k->call = 0;
}

/* A request: to `pin`, unless it was sent before, to a server that has not failed. */
static __always_inline void begin(struct steer_flow_key *k, __u64 netns, const struct scan *s, struct steer_flow *pin)
{
	k->call = s->call;
	const struct steer_flow *f = bpf_map_lookup_elem(&flows, k);
	if (f && f->branch == s->branch && !has_failed(netns, f)) {
		*pin = *f;
	} else {
		pin->branch = s->branch;
		put(&flows, k, pin);
	}
	k->call = 0;
	pin->branch = 0;
}

/* Where a datagram goes; *to is the pin. As scan_step(): verified once. */
__noinline int place(struct steer_flow_key *k, __u64 netns, struct steer_flow *to)
{
	struct scan s = {};
	if (!k || !to)
		return 0;
	if (may_read)
		scan_sent(&s);
	const enum scan_kind kind = scan_kind(&s);
	if (kind == SCANNED_WITHIN) {
		copy(to->addr, k->addr);
		to->port = k->port;
		stay(k, s.call, to);
		to->branch = 0;
		return 0;
	}
	if (kind == SCANNED_INITIAL)
		begin(k, netns, &s, to);
	put(&flows, k, to);
	return 0;
}

/* ---- hooks ---- */

/* True: it goes to *to. */
static __always_inline bool steer_send(struct bpf_sock_addr *ctx, const __u8 addr[16], struct steer_flow *to)
{
	struct steer_key asked = {.netns = bpf_get_netns_cookie(ctx), .port = port_of(ctx), .transport = TRANSPORT_UDP};
	copy(asked.addr, addr);
	if (!leads(&asked, to) || is_attached())
		return false;
	struct steer_flow_key k = flow_key(bpf_get_socket_cookie(ctx), addr, asked.port, TRANSPORT_UDP);
	place(&k, asked.netns, to);
	note_back(&k, to);
	if (same(to->addr, to->port, addr, asked.port))
		return false;
	__sync_fetch_and_add(&datagrams, 1);
	return true;
}

static __always_inline bool steer_connect(struct bpf_sock_addr *ctx, const __u8 addr[16], struct steer_flow *to)
{
	struct steer_key asked = {.netns = bpf_get_netns_cookie(ctx), .port = port_of(ctx), .transport = TRANSPORT_TCP};
	copy(asked.addr, addr);
	if (ctx->type != STREAM || ctx->protocol != PROTOCOL_TCP || !leads(&asked, to) || is_attached())
		return false;
	struct steer_flow_key real = flow_key(bpf_get_socket_cookie(ctx), to->addr, to->port, TRANSPORT_TCP);
	struct steer_flow as = {.port = asked.port};
	copy(as.addr, addr);
	put(&back, &real, &as);
	if (same(to->addr, to->port, addr, asked.port))
		return false;
	__sync_fetch_and_add(&connects, 1);
	return true;
}

/* What the peer was asked for as. False: as it is. */
static __always_inline bool seen_as(struct bpf_sock_addr *ctx, const __u8 addr[16], bool speaks, struct steer_flow *as)
{
	const __u8 transport = ctx->type == STREAM ? TRANSPORT_TCP : TRANSPORT_UDP;
	const __u64 socket = bpf_get_socket_cookie(ctx);
	struct steer_flow_key real = flow_key(socket, addr, port_of(ctx), transport);
	const struct steer_flow *f = bpf_map_lookup_elem(&back, &real);
	if (!f || same(f->addr, f->port, addr, real.port))
		return false;
	*as = *f;
	if (speaks) {
		struct steer_flow_key asked = flow_key(socket, as->addr, as->port, transport);
		struct steer_flow it = {.port = real.port};
		copy(it.addr, addr);
		put(&flows, &asked, &it);
	}
	return true;
}

#define HOOK(section, function, v, call)                                \
	SEC(section) int function(struct bpf_sock_addr *ctx)             \
	{                                                                \
		struct steer_flow to = {};                               \
		__u8 addr[16] __attribute__((aligned(8)));               \
		read_##v(ctx, addr);                                     \
		if (call)                                                \
			write_##v(ctx, to.addr, to.port);                \
		return ALLOW;                                            \
	}

HOOK("cgroup/connect4", steer_connect4, v4, steer_connect(ctx, addr, &to))
HOOK("cgroup/connect6", steer_connect6, v6, steer_connect(ctx, addr, &to))
HOOK("cgroup/sendmsg4", steer_sendmsg4, v4, steer_send(ctx, addr, &to))
HOOK("cgroup/sendmsg6", steer_sendmsg6, v6, steer_send(ctx, addr, &to))
HOOK("cgroup/recvmsg4", steer_recvmsg4, v4, seen_as(ctx, addr, true, &to))
HOOK("cgroup/recvmsg6", steer_recvmsg6, v6, seen_as(ctx, addr, true, &to))
HOOK("cgroup/getpeername4", steer_peername4, v4, seen_as(ctx, addr, false, &to))
HOOK("cgroup/getpeername6", steer_peername6, v6, seen_as(ctx, addr, false, &to))
