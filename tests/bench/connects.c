/* connects: what connect and a connection's calls cost, over TCP and UDP. See both.h. */
#include "policy/base/clock.h"
#include "tests/bench/both.h"

enum { MANY_NAMES = 64 };

/* Kept static: what programs pass to connect lies in getaddrinfo's list more often than on their stack. */
struct target {
	int fd;
	struct sockaddr_in to;
};

/* ---- TCP rounds ---- */

static uint64_t run_rounds(void *arg, enum way way, size_t n)
{
	const struct target *t = arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		round_trip(&calls[way], t->fd, &t->to);
	return bench_ns() - start;
}

static void measure_tcp(const char *what, struct sockaddr_in to, enum bound bound)
{
	static struct target t;
	t = (struct target){listen_on(&to), to};
	measure(&(struct row){what, bound, 2, run_rounds, &t, 4, 2001});
	calls[OURS].close(t.fd);
}

static void measure_tcp_on_stack(const char *what, struct sockaddr_in to)
{
	struct target t = {listen_on(&to), to};
	measure(&(struct row){what, BOUND_NONE, 0, run_rounds, &t, 4, 2001});
	calls[OURS].close(t.fd);
}

/* A program that looked up many names, all of other addresses, of late. */
static void look_up_many(void)
{
	for (int i = 0; i < MANY_NAMES; i++) {
		char name[64];
		snprintf(name, sizeof name, "other%d.bench.test", i);
		head_of(OURS, &(struct query){name, 2});
	}
	head_of(OURS, &(struct query){"pool3.bench.test", 3});
}

/* ---- connect on UDP ---- */

static uint64_t run_connect(void *arg, enum way way, size_t n)
{
	const struct target *t = arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		calls[way].connect(t->fd, (const struct sockaddr *)&t->to, sizeof t->to);
	return bench_ns() - start;
}

static void measure_udp(const char *what, enum way made, struct sockaddr_in to, enum bound bound, double limit)
{
	static struct target t;
	t = (struct target){calls[made].socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), to};
	if (calls[OURS].connect(t.fd, (struct sockaddr *)&t.to, sizeof t.to) == -1)
		broken("connect on UDP: %s", strerror(errno));
	measure(&(struct row){what, bound, limit, run_connect, &t, 0, 0});
	calls[made].close(t.fd);
}

static void bench_udp(struct sockaddr_in candidate, struct sockaddr_in stranger)
{
	measure_udp("connect, UDP, to no candidate", OURS, stranger, BOUND_PERCENT, 3);
	measure_udp("connect, UDP, to a candidate", OURS, candidate, BOUND_PERCENT, 8);
	measure_udp("connect, UDP, inherited fd, to no candidate", BARE, stranger, BOUND_NONE, 0);
	measure_udp("connect, UDP, inherited fd, to a candidate", BARE, candidate, BOUND_NONE, 0);
}

int main(void)
{
	const struct places p = begin();
	measure_tcp("connect, accept, close, TCP, to a candidate", p.candidate, BOUND_PERCENT);
	measure_tcp("connect, accept, close, TCP, to no candidate", p.stranger, BOUND_NONE);
	measure_tcp_on_stack("connect, accept, close, TCP, address on stack", p.candidate);
	bench_udp(p.candidate, p.stranger);
	look_up_many();
	measure_tcp("connect, accept, close, TCP, 64 names in use", p.candidate, BOUND_NONE);
	return 0;
}
