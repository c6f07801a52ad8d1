/*
 * steered.h: the data that pinwatch and its steering programs in the kernel exchange.
 *
 * Addresses are in network order, IPv4 in its IPv4-mapped form (RFC 4291 2.5.5.2). Ports
 * are in host order. Pads are zeros: keys are compared byte by byte.
 */
#ifndef STICKYDNS_PINWATCH_STEERED_H
#define STICKYDNS_PINWATCH_STEERED_H

#include <linux/types.h>

enum {
	STEERED_MAX = 1 << 20,			/* endpoints of a table */
	FLOWS_MAX = 65536,			/* of all sockets; the idlest are forgotten first */
};

/* An endpoint as programs ask for it, in the network namespace that the table is for. */
struct steer_key {
	__u64 netns;				/* cookie */
	__u8 addr[16];
	__u16 port;				/* 0: all that have no entry of their own (`steer = on`) */
	__u8 transport;				/* enum transport of endpoint.h */
	__u8 pad[5];
};
_Static_assert(sizeof(struct steer_key) == 32, "no hidden padding");

/* Where it leads: itself, for the pin. */
struct steer_to {
	__u8 addr[16];
	__u16 port;				/* 0: as asked */
	__u8 failed;				/* the endpoint that the key names has, and nothing is to wait for it */
	__u8 pad[5];
};
_Static_assert(sizeof(struct steer_to) == 24, "no hidden padding");

/* A socket and its peer, as asked or as it is; with `call` a SIP call to it. */
struct steer_flow_key {
	__u64 socket;				/* cookie: SO_COOKIE, socket(7) */
	__u64 call;				/* hash of the Call-ID; 0: whatever else */
	__u8 addr[16];
	__u16 port;
	__u8 transport;
	__u8 pad[5];
};
_Static_assert(sizeof(struct steer_flow_key) == 40, "no hidden padding");

struct steer_flow {
	__u8 addr[16];
	__u64 branch;				/* of the call's latest request that began a transaction */
	__u16 port;
	__u8 pad[6];
};
_Static_assert(sizeof(struct steer_flow) == 32, "no hidden padding");

#endif
