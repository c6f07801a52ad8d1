/*
 * rounds.h: rounds on loopback: a connection made, taken and closed; a datagram sent and got.
 *
 * For a network namespace in which no TIME_WAIT is kept (run.sh), or ports run out.
 */
#ifndef STICKYDNS_BENCH_ROUNDS_H
#define STICKYDNS_BENCH_ROUNDS_H

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "tests/bench/measure.h"

enum { PARTS = 20 };

struct rounds {
	struct sockaddr_in to;
	int listener;			/* of TCP */
	int from, at;			/* of UDP */
};

static inline void rounds_open(struct rounds *r, uint16_t port)
{
	r->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	r->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r->at = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r->from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(r->listener, (struct sockaddr *)&r->to, sizeof r->to) == -1 || listen(r->listener, 16) == -1 ||
	    bind(r->at, (struct sockaddr *)&r->to, sizeof r->to) == -1)
		broken("port %d: %s", port, strerror(errno));
}

static inline void rounds_close(const struct rounds *r)
{
	close(r->listener);
	close(r->at);
	close(r->from);
}

static inline void tcp_round(const struct rounds *r)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(client, (const struct sockaddr *)&r->to, sizeof r->to) == -1)
		broken("connect: %s", strerror(errno));
	int server = accept(r->listener, NULL, NULL);
	close(server);
	close(client);
}

static inline void udp_round(const struct rounds *r)
{
	char byte = 'x';
	if (sendto(r->from, &byte, 1, 0, (const struct sockaddr *)&r->to, sizeof r->to) != 1 || recv(r->at, &byte, 1, 0) != 1)
		broken("datagram: %s", strerror(errno));
}

/* The quickest of PARTS, so that what else runs on the machine, which lasts longer than any of them, is left out. */
static inline uint64_t timed(const struct rounds *r, size_t n, void (*round)(const struct rounds *))
{
	uint64_t best = UINT64_MAX;
	for (size_t part = 0; part <= PARTS; part++) {		/* the first one warms up */
		uint64_t start = bench_ns();
		for (size_t i = 0; i < n / PARTS; i++)
			round(r);
		uint64_t ns = bench_ns() - start;
		if (part > 0 && ns < best)
			best = ns;
	}
	return best * PARTS;
}

#endif
