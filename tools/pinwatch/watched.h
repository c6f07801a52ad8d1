/*
 * watched.h: the data that pinwatch and its programs connects.bpf.c and datagrams.bpf.c exchange.
 *
 * Addresses are in network order, IPv4 in its IPv4-mapped form (RFC 4291 2.5.5.2). Ports
 * are in host order. Times are nanoseconds of CLOCK_MONOTONIC. Both sides are compiled for
 * one machine, so nothing here has a byte order of its own.
 */
#ifndef STICKYDNS_PINWATCH_WATCHED_H
#define STICKYDNS_PINWATCH_WATCHED_H

#include <linux/types.h>

enum {
	WATCHED_MAX = 262144,			/* addresses of all tables together */
	FILTER_BITS = 1 << 19,
	SENDERS_MAX = 16384,
	RING_EVENTS = 1 << 20,			/* bytes: more than 9,000 outcomes */
	RING_MESSAGES = 1 << 22,		/* bytes: about 3,000 SIP messages */
	RING_WAKES = 4096,			/* bytes: one is enough */
	MESSAGE_MAX = 1400,			/* of a SIP message, the first bytes */
	SENT_MAX = 32768,			/* datagrams, and lengths of datagrams, that ICMP errors are held against */
	QUOTE_MAX = 256,			/* of a datagram's payload, the first bytes: a SIP request's branch is among them */
	QUOTE_STEP = 64,
	WATCH_COMM = 16,

	WAIT_LEAST_MS = 950,			/* the least `connect-timeout`; timers may be early */
};

/*
 * An address of a table, in the network namespace that the table is for. Whatever
 * its port and transport: an outcome on any of them counts, as it does in the shim.
 */
struct watch_key {
	__u64 netns;				/* cookie */
	__u32 addr[4];				/* in network order, as bytes */
};

/*
 * The bit of an address in the filter that stands before the map: most traffic is
 * not watched, and is known so by one load. Bits are set, never taken back.
 */
static inline __u32 watch_bit(const __u32 addr[4])
{
	return ((addr[0] ^ addr[1] ^ addr[2] ^ addr[3]) * 0x9e3779b1u) >> 13;
}
_Static_assert(FILTER_BITS == 1 << (32 - 13), "the hash is as long as the filter");

/*
 * What pinwatch is to look at: packets, as a datagram was sent; packets perhaps, as a UDP socket was connected, which
 * is no more than a hint; what becomes of a TCP connect.
 */
enum watch_wake { WAKE_SENT = 1, WAKE_CONNECTED, WAKE_CONNECTS };

/* What became of a socket. */
enum watch_what {
	WATCH_ESTABLISHED = 1,			/* a connect came through */
	WATCH_ENDED,				/* a connect ended: with error, or given up by its program */
	WATCH_WAITS,				/* SYN_SENT, at each SYN that is sent again after WAIT_LEAST_MS */
	WATCH_BROKEN,				/* an established connection ended with error */
	WATCH_REFUSED,				/* an error came in for a datagram */
	WATCH_WHATS
};

struct watch_event {
	struct watch_key peer;
	__u64 cookie;				/* of the socket: SO_COOKIE, socket(7) */
	__u64 started;				/* when connect began; 0: before pinwatch did */
	__u64 now;
	__u32 pid;				/* who called connect, as pinwatch's pid namespace numbers it; 0: not known */
	__u32 scope;				/* interface the socket is bound to, or 0 */
	__u16 port;
	__u16 own_port;
	__u16 error;				/* errno, or 0 */
	__u8 what;				/* enum watch_what */
	__u8 transport;				/* enum transport of endpoint.h */
	__u8 retransmits;			/* of SYNs */
	__u8 known;				/* it is a client's socket: its connect was seen */
	__u8 pad[2];
	__u32 waited_ms;			/* since connect began, or pinwatch noticed it */
	char comm[WATCH_COMM];			/* at connect */
};
_Static_assert(sizeof(struct watch_event) == 88, "no hidden padding");

/* ---- datagrams ---- */

/* Who sends datagrams to a watched address, from which port. */
struct sender_key {
	struct watch_key peer;
	__u16 port;
	__u16 own_port;
	__u8 pad[4];
};
_Static_assert(sizeof(struct sender_key) == 32, "no hidden padding");

struct sender {
	__u64 cookie;				/* of the socket */
	__u64 last;				/* when it was last seen to send */
	__u64 heard;				/* when a datagram last came back; 0: none was seen */
	__u32 pid;				/* 0: not known */
	__u32 named;				/* when pid and comm were looked at, in units of 2^30 ns */
	char comm[WATCH_COMM];			/* it may have ended when its datagram's fate is known */
};
_Static_assert(sizeof(struct sender) == 48, "no hidden padding");

/*
 * Of a datagram that was sent, what an ICMP error quotes: its length and its text, as quote_more() has it; or, where
 * the error quotes no text, its length alone. Sent when, is the value.
 */
struct sent_key {
	struct sender_key flow;
	__u64 quote;
};
_Static_assert(sizeof(struct sent_key) == 40, "no hidden padding");

/* Of a payload's length alone. */
static inline __u64 quote_of_length(__u32 length) { return length; }

/*
 * Then QUOTE_STEP bytes of its text, until QUOTE_MAX or its end; zeros fill up the last ones. No step loses
 * anything, so who has to guess a part of the text has to guess the quote.
 */
static inline __u64 quote_more(__u64 quote, const __u64 text[QUOTE_STEP / 8])
{
	for (int i = 0; i < QUOTE_STEP / 8; i++) {
		quote = (quote ^ text[i]) * 0x9e3779b97f4a7c15ull;
		quote ^= quote >> 32;
	}
	return quote;
}

/* A SIP message to or from a watched address; `length` bytes follow, at most MESSAGE_MAX. */
struct watch_message {
	struct sender_key flow;
	__u64 cookie;
	__u64 now;
	__u32 pid;				/* of who sent it; 0: not known */
	__u32 scope;				/* interface */
	__u16 length;
	__u8 outward;				/* it goes to the watched address */
	__u8 pad[5];
	char comm[WATCH_COMM];
	char text[MESSAGE_MAX];
};
_Static_assert(sizeof(struct watch_message) == 80 + MESSAGE_MAX, "no hidden padding");

#endif
