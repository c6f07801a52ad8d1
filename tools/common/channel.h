/* channel.h: a channel of c-ares: which servers it asks, and how long. */
#ifndef STICKYDNS_CHANNEL_H
#define STICKYDNS_CHANNEL_H

#include <ares.h>

#include "policy/base/endpoint.h"

struct channel_options {
	const struct endpoint *server;	/* to ask; NULL: those of resolv.conf, as it is now */
	uint32_t timeout_ms;		/* for one question, all tries and servers of it together */
	ares_sock_state_cb on_socket;	/* ares_init_options(3) */
	void *arg;			/* of that */
};

/* A channel in *out, the caller's until ares_destroy(3). ARES_SUCCESS; or what is wrong, and *out is NULL. */
int channel_open(const struct channel_options *o, ares_channel *out);

#endif
