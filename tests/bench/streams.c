/*
 * streams: what send and recv cost on TCP connections, beside the bare calls.
 *
 * Run under LD_PRELOAD=libstickydns.so with a fresh table. The bare functions are
 * libc's own, by its handle. Each round sends what a client does to a server of
 * the same program, whose end is served by bare calls, and reads what it answers.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/pins/sip-health.h"
#include "tests/bench/measure.h"

struct calls {
	ssize_t (*send)(int, const void *, size_t, int);
	ssize_t (*recv)(int, void *, size_t, int);
};

static struct calls calls[WAYS];
static struct table table;		/* the shim's, mapped a second time */

enum { PORT = 25061, MESSAGE_MAX = 2048 };

static struct calls calls_of(void *handle)
{
	return (struct calls){dlsym(handle, "send"), dlsym(handle, "recv")};
}

static void find_calls(void)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	calls[BARE] = calls_of(libc);
	calls[OURS] = calls_of(RTLD_DEFAULT);
	if (!calls[BARE].send || calls[OURS].send == calls[BARE].send || calls[OURS].recv == calls[BARE].recv)
		broken("the shim is not preloaded");
}

/* ---- connections ---- */

struct talk {
	int client, server;
	const char *out, *in;
};

/* Both ends of a connection to that address. */
static struct talk talk_to(const char *ip, const char *out, const char *in)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct talk t = {.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .out = out, .in = in};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	inet_pton(AF_INET, ip, &at.sin_addr);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
	    bind(listener, (struct sockaddr *)&at, sizeof at) == -1 || listen(listener, 1) == -1 ||
	    connect(t.client, (struct sockaddr *)&at, sizeof at) == -1 || (t.server = accept(listener, NULL, NULL)) == -1)
		broken("a connection to %s: %s", ip, strerror(errno));
	setsockopt(t.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(t.server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	close(listener);
	return t;
}

static uint64_t run_rounds(void *arg, enum way way, size_t n)
{
	const struct talk *t = arg;
	const size_t out = strlen(t->out), in = strlen(t->in);
	char buf[MESSAGE_MAX];
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		if (calls[way].send(t->client, t->out, out, 0) != (ssize_t)out ||
		    calls[BARE].recv(t->server, buf, sizeof buf, 0) != (ssize_t)out ||
		    calls[BARE].send(t->server, t->in, in, 0) != (ssize_t)in ||
		    calls[way].recv(t->client, buf, sizeof buf, 0) != (ssize_t)in)
			broken("a round: %s", strerror(errno));
	return bench_ns() - start;
}

static void measure_talk(const char *what, const char *ip, const char *out, const char *in)
{
	struct talk t = talk_to(ip, out, in);
	run_rounds(&t, OURS, 1);
	measure(&(struct row){what, BOUND_NONE, 0, run_rounds, &t, 0, 0});
	close(t.client);
	close(t.server);
}

/* ---- descriptors that are none of ours: a recv that finds nothing, and a send of nothing, are the cheapest calls ---- */

static uint64_t run_idle(void *arg, enum way way, size_t n)
{
	char byte;
	const int fd = *(const int *)arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		calls[way].recv(fd, &byte, 1, MSG_DONTWAIT);
	return bench_ns() - start;
}

static uint64_t run_nothing(void *arg, enum way way, size_t n)
{
	const int fd = *(const int *)arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		calls[way].send(fd, "", 0, 0);
	return bench_ns() - start;
}

static void measure_strangers(void)
{
	struct talk t = talk_to("127.0.200.1", "", "");
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		broken("socketpair: %s", strerror(errno));
	measure(&(struct row){"recv, TCP, a client's connection to us", BOUND_NS, 5, run_idle, &t.server, 0, 0});
	measure(&(struct row){"recv, TCP, to no candidate", BOUND_NS, 5, run_idle, &t.client, 0, 0});
	measure(&(struct row){"recv, an fd not seen before", BOUND_NS, 5, run_idle, &pair[0], 0, 0});
	measure(&(struct row){"send, TCP, to no candidate", BOUND_NS, 5, run_nothing, &t.client, 0, 0});
	measure(&(struct row){"send, an fd not seen before", BOUND_NS, 5, run_nothing, &pair[0], 0, 0});
}

/* ---- all of it ---- */

#define SIP_HEADER                                                                                      \
	"Via: SIP/2.0/TCP 127.0.0.1:5070;branch=z9hG4bK-524287-1---a1\r\n"                                  \
	"From: <sip:alice@bench.test>;tag=1928301774\r\nTo: <sip:alice@bench.test>\r\n"                     \
	"Call-ID: 843817637684230@998sdasdh09\r\nCSeq: 1826 OPTIONS\r\nMax-Forwards: 70\r\n"                \
	"Contact: <sip:alice@127.0.0.1:5070;transport=tcp>\r\nContent-Length: 0\r\n\r\n"

static const char candidate[] = "127.0.201.1";

/* It is an address of a name, as a lookup would have it. */
static void make_candidate(void)
{
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = 1}};
	struct in_addr a;
	struct name name;
	struct name_ref ref;
	inet_pton(AF_INET, candidate, &a);
	address_from_bytes(AF_INET, &a, &pool[FAMILY_V4].addr[0]);
	if (name_canonical("stream.bench.test", &name) != NAME_OK ||
	    !pins_order(&table, &(struct lookup){.name = &name}, ORDER_DNS, pool, &ref))
		broken("no candidate");
}

/* Were the messages read? Then the endpoint was heard (pins/health.h). */
static bool was_heard(void)
{
	struct endpoint e = {.port = PORT, .transport = TRANSPORT_TCP};
	struct in_addr a;
	inet_pton(AF_INET, candidate, &a);
	address_from_bytes(AF_INET, &a, &e.addr);
	return endpoint_heard_age(&table, addr_find(&table, &e.addr), &e, REQUEST_OTHER) != UINT32_MAX;
}

int main(void)
{
	static char body[MESSAGE_MAX / 4 + 1] = "\x16\x03\x03";
	const char *path = getenv("STICKYDNS_TABLE");
	find_calls();
	if (!path || store_open(path, &table) != STORE_OK)
		broken("no table at $STICKYDNS_TABLE");
	memset(body + 3, 'e', sizeof body - 4);
	make_candidate();
	measure_strangers();
	measure_talk("send, recv, TCP, TLS to a candidate", candidate, body, body);
	if (was_heard())
		broken("TLS was read as SIP");
	measure_talk("send, recv, TCP, SIP to a candidate", candidate, "OPTIONS sip:alice@bench.test SIP/2.0\r\n" SIP_HEADER,
		     "SIP/2.0 200 OK\r\n" SIP_HEADER);
	if (!was_heard())
		broken("SIP was not read");
	return 0;
}
