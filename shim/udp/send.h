/*
 * send.h: a datagram that a program sends, to an address or to its connected peer, before it goes.
 *
 * sip-route.h says where it goes; here the message is read, and what is remembered of others is
 * looked up. In the steady state it goes to the pin, and the server was heard of late. Then it is
 * sent first and looked at afterwards (outcome.h), since the program's pointers are good then.
 * Otherwise they are asked about first (memory.h). errno is kept.
 *
 * A connected socket is connected anew to the pin (peer.h) when an initial request goes there.
 * Nothing else does that: not the connect alone, nor a message of a transaction or dialog, nor
 * media. All of them go to the socket's peer, whoever it is then.
 */
#ifndef STICKYDNS_SEND_H
#define STICKYDNS_SEND_H

#include <sys/uio.h>

#include "shim/core/judge.h"
#include "shim/core/redirect-cache.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/udp/peer.h"

struct udp_send {
	struct endpoint original, actual;	/* where the program sends it, where it goes */
	bool redirected;			/* it goes elsewhere than usual: than to `original`, or than to the peer */
	bool connected;			/* it is sent to the peer: `peer`, as it was before this; `original` is peer.original */
	bool addressed;			/* though the program said an address: that of the peer, which has been redirected */
	struct peer peer;
	bool sip;			/* it is a SIP message: */
	struct sip_message m;
	uint64_t key;			/* its sip_transaction() */
	bool may_redirect;			/* an initial request would go elsewhere, by a name that the program asked for: */
	bool number;			/* unless this one is for `original` by number (sip-hop.h) */
	uint64_t now_ms;
	enum steady steady;		/* nothing planned: what is known of the address */
	struct sockaddr_storage to;	/* not connected: the program's address, with that of `actual` in it */
};

/* Is there a table to steer by? */
static inline bool send_possible(void) { return shared && session_table_here(); }

/*
 * fd's next datagram is made of these pieces (pieces.h), of which the first iovec alone
 * is known to be good. `to`: NULL if it goes to the connected peer. True: *d says where
 * it goes, and after it was sent send_done() is to be told. False: as asked;
 * send_unplanned() or datagram_sent() are to look at it afterwards.
 */
bool send_plan(int fd, const struct iovec *piece, size_t pieces, const struct sockaddr *to, socklen_t to_len,
		 struct udp_send *d);

/* Nothing was planned, and it was sent: looks at it. */
void send_unplanned(int fd, const void *buf, size_t len, const struct sockaddr *to, socklen_t to_len,
		      struct udp_send *d);

/* It was sent; `redirected`: to `actual`, otherwise as usual after all. */
void send_done(int fd, const struct udp_send *d, bool redirected);

/*
 * A socket that was redirected to `actual` for this could not send it: it is connected back. So
 * if the send met an error that was pending, this is its old peer's.
 */
void send_back(int fd, const struct udp_send *d);

#endif
