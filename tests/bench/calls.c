/*
 * calls: what the hooked libc calls cost beside the bare ones.
 *
 * Run under LD_PRELOAD="libstickydns.so libcanned.so" with a fresh table. The bare
 * functions are libc's own, by its handle, and for getaddrinfo libcanned's; the
 * hooked ones are what this program would call by name. Both go through pointers.
 * Everything stays on loopback. Each part first makes sure that the shim does what
 * is then measured: that the pin leads, that an address is a candidate or none.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "pins.h"

struct calls {
	int (*getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*getsockopt)(int, int, int, void *, socklen_t *);
	int (*socket)(int, int, int);
	int (*accept)(int, struct sockaddr *, socklen_t *);
	int (*close)(int);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
};

static struct calls calls[WAYS];
static int *canned_pool;
static struct table table;		/* the shim's, mapped a second time, to look at */

enum { PORT = 25060, MANY_NAMES = 64 };
#define PORT_TEXT "25060"

/* ---- both ways ---- */

static void *symbol(void *handle, const char *name)
{
	void *f = dlsym(handle, name);
	if (!f)
		broken("%s not found: is libcanned.so preloaded?", name);
	return f;
}

static struct calls calls_of(void *handle)
{
	return (struct calls){
		.getaddrinfo = symbol(handle, "getaddrinfo"),
		.connect = symbol(handle, "connect"),
		.getsockopt = symbol(handle, "getsockopt"),
		.socket = symbol(handle, "socket"),
		.accept = symbol(handle, "accept"),
		.close = symbol(handle, "close"),
		.read = symbol(handle, "read"),
		.sendto = symbol(handle, "sendto"),
		.recvfrom = symbol(handle, "recvfrom"),
	};
}

static void find_calls(void)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	if (!libc)
		broken("no handle of libc");
	calls[BARE] = calls_of(libc);
	calls[BARE].getaddrinfo = symbol(RTLD_DEFAULT, "canned_getaddrinfo");
	calls[OURS] = calls_of(RTLD_DEFAULT);
	canned_pool = symbol(RTLD_DEFAULT, "canned_pool");
	if (calls[OURS].getaddrinfo == calls[BARE].getaddrinfo || calls[OURS].connect == calls[BARE].connect ||
	    calls[OURS].getsockopt == calls[BARE].getsockopt || calls[OURS].close == calls[BARE].close)
		broken("the shim is not preloaded");
}

/* ---- lookups ---- */

struct query {
	const char *name;
	int pool;
};

static struct addrinfo *resolve(enum way way, const struct query *q)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	*canned_pool = q->pool;
	if (calls[way].getaddrinfo(q->name, PORT_TEXT, &hints, &list) != 0)
		broken("%s does not resolve", q->name);
	return list;
}

static struct sockaddr_in head_of(enum way way, const struct query *q)
{
	struct sockaddr_in sa;
	struct addrinfo *list = resolve(way, q);
	memcpy(&sa, list->ai_addr, sizeof sa);
	freeaddrinfo(list);
	return sa;
}

static bool same_host(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* The record of a name, as the table has it. */
static struct name_view view_of(const char *text)
{
	static struct name_view view;
	struct name name;
	struct name_ref ref;
	if (name_canonical(text, &name) != NAME_OK || !table_find(&table, &name, &ref) ||
	    !pins_view(&table, ref, &view))
		broken("%s is not in the table", text);
	return view;
}

static struct address address_of(const struct sockaddr_in *sa)
{
	struct endpoint e;
	if (!endpoint_from_sockaddr((const struct sockaddr *)sa, sizeof *sa, &e))
		broken("not an address");
	return e.addr;
}

static int listen_on(const struct sockaddr_in *sa)
{
	/* A close of what was accepted resets the connection: TIME-WAIT would pile up and slow later rounds. */
	const struct linger reset = {.l_onoff = 1};
	const int one = 1;
	int fd = calls[OURS].socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
	    bind(fd, (const struct sockaddr *)sa, sizeof *sa) == -1 || listen(fd, 16) == -1)
		broken("cannot listen on port %d: %s", PORT, strerror(errno));
	return fd;
}

/* A client's round: the accepted end is closed first, so that the reset ends both. */
static void round_trip(const struct calls *c, int listener, const struct sockaddr_in *to)
{
	int client = c->socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->connect(client, (const struct sockaddr *)to, sizeof *to) == -1)
		broken("connect: %s", strerror(errno));
	int server = c->accept(listener, NULL, NULL);
	if (server == -1)
		broken("accept: %s", strerror(errno));
	c->close(server);
	c->close(client);
}

/* Looks the name up and connects to it: its pin is confirmed then. Makes sure that it leads. */
static struct sockaddr_in pin_name(const struct query *q)
{
	struct sockaddr_in pin = head_of(OURS, q), bare;
	int listener = listen_on(&pin), moves = 0;
	round_trip(&calls[OURS], listener, &pin);
	close(listener);
	for (int i = 0; i < 8; i++) {
		struct sockaddr_in head = head_of(OURS, q);
		if (!same_host(&head, &pin))
			broken("%s: the pin does not lead", q->name);
		bare = head_of(BARE, q);
		moves += !same_host(&bare, &pin);
	}
	if (q->pool > 1 && moves == 0)
		broken("%s: the stub does not rotate", q->name);
	struct pin_view v = view_of(q->name).pin[FAMILY_V4];
	const struct address a = address_of(&pin);
	if (!v.present || !v.confirmed || v.port != PORT || !address_equal(&v.addr, &a))
		broken("%s: the table has no confirmed pin on it", q->name);
	return pin;
}

static uint64_t run_lookup(void *arg, enum way way, size_t n)
{
	const struct query *q = arg;
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++)
		freeaddrinfo(resolve(way, q));
	return now_ns() - start;
}

static void bench_lookups(void)
{
	static const struct {
		struct query query;
		const char *what;
		enum bound bound;
	} rows[] = {
		{{"pool3.bench.test", 3}, "getaddrinfo with a pin, pool of 3", BOUND_NS},
		{{"pool1.bench.test", 1}, "getaddrinfo with a pin, pool of 1", BOUND_NONE},
		{{"pool16.bench.test", 16}, "getaddrinfo with a pin, pool of 16", BOUND_NONE},
		{{"pool40.bench.test", 40}, "getaddrinfo with a pin, pool of 40", BOUND_NONE},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct query q = rows[i].query;
		pin_name(&q);
		measure(&(struct row){rows[i].what, rows[i].bound, 1000, run_lookup, &q, 0, 0});
	}
}

/* With a full stickydns.conf, of which one pattern holds. */
static void bench_patterns(void)
{
	static struct settings_block none, hosts[SETTINGS_HOSTS];
	struct query q = {"pool3.bench.test", 3};
	for (size_t i = 0; i < SETTINGS_HOSTS; i++) {
		hosts[i].given = 1u << SET_STICKY;
		hosts[i].set.value[SET_STICKY] = 1;
		snprintf(hosts[i].pattern, sizeof hosts[i].pattern, "*.site%zu.%s", i, i ? "example.org" : "bench.test");
	}
	if (!settings_store(&table, &none, hosts, SETTINGS_HOSTS, NULL))
		broken("settings do not fit");
	measure(&(struct row){"getaddrinfo with a pin, 512 host blocks", BOUND_NONE, 0, run_lookup, &q, 0, 0});
	if (!settings_store(&table, &none, hosts, 0, NULL))
		broken("settings cannot be taken back");
}

/* ---- connect on UDP ---- */

/* Kept static: what programs pass to connect lies in getaddrinfo's list more often than on their stack. */
struct target {
	int fd;
	struct sockaddr_in to;
};

static uint64_t run_connect(void *arg, enum way way, size_t n)
{
	const struct target *t = arg;
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++)
		calls[way].connect(t->fd, (const struct sockaddr *)&t->to, sizeof t->to);
	return now_ns() - start;
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

/* ---- TCP rounds ---- */

static uint64_t run_rounds(void *arg, enum way way, size_t n)
{
	const struct target *t = arg;
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++)
		round_trip(&calls[way], t->fd, &t->to);
	return now_ns() - start;
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

/* ---- descriptors that are none of ours ---- */

static uint64_t run_getsockopt(void *arg, enum way way, size_t n)
{
	const int fd = *(const int *)arg;
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++) {
		int value = 0;
		socklen_t len = sizeof value;
		calls[way].getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len);
	}
	return now_ns() - start;
}

static uint64_t run_read(void *arg, enum way way, size_t n)
{
	char byte;
	const int fd = *(const int *)arg;
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++)
		calls[way].read(fd, &byte, 1);
	return now_ns() - start;
}

/* A client and, at a candidate's address, a server: a process of its own, or this one, whose calls are bare both ways. */
struct datagrams {
	int client, server;
	pid_t process;			/* the server's; 0: this one */
	const struct sockaddr_in *at;	/* NULL: the client is connected */
	const char *request, *answer;
};

static void one_way(ssize_t r)
{
	if (r < 0)
		broken("a datagram: %s", strerror(errno));
}

static void answer_one(const struct datagrams *d)
{
	char buf[2048];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	one_way(calls[BARE].recvfrom(d->server, buf, sizeof buf, 0, (struct sockaddr *)&from, &len));
	one_way(calls[BARE].sendto(d->server, d->answer, strlen(d->answer), 0, (const struct sockaddr *)&from, len));
}

static void start_server(struct datagrams *d)
{
	d->process = fork();
	if (d->process == -1)
		broken("fork: %s", strerror(errno));
	if (d->process)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		answer_one(d);
}

static void stop_server(struct datagrams *d)
{
	kill(d->process, SIGKILL);
	waitpid(d->process, NULL, 0);
	d->process = 0;
}

/* A request and its answer. */
static uint64_t run_datagrams(void *arg, enum way way, size_t n)
{
	char buf[2048];
	const struct datagrams *d = arg;
	const size_t request = strlen(d->request);
	uint64_t start = now_ns();
	for (size_t i = 0; i < n; i++) {
		struct sockaddr_in from;
		socklen_t len = sizeof from;
		one_way(calls[way].sendto(d->client, d->request, request, 0, (const struct sockaddr *)d->at, d->at ? sizeof *d->at : 0));
		if (!d->process)
			answer_one(d);
		one_way(calls[way].recvfrom(d->client, buf, sizeof buf, 0, (struct sockaddr *)&from, &len));
	}
	return now_ns() - start;
}

enum { CLOSES = 200 };

/* Descriptors that the shim did not see being made. */
static void open_unseen(int fds[static CLOSES], int from)
{
	for (size_t i = 0; i < CLOSES; i++)
		fds[i] = (int)syscall(SYS_dup, from);
}

static void open_sockets(int fds[static CLOSES], int from)
{
	(void)from;
	for (size_t i = 0; i < CLOSES; i++)
		fds[i] = calls[OURS].socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

struct closing {
	int from;
	void (*open)(int fds[static CLOSES], int from);
};

static uint64_t run_close(void *arg, enum way way, size_t n)
{
	const struct closing *c = arg;
	int fds[CLOSES];
	c->open(fds, c->from);
	if (fds[CLOSES - 1] == -1)
		broken("cannot open: %s", strerror(errno));
	uint64_t start = now_ns();
	for (size_t i = 0; i < n && i < CLOSES; i++)
		calls[way].close(fds[i]);
	return now_ns() - start;
}

static void bench_strangers(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		broken("socketpair: %s", strerror(errno));
	struct closing unseen = {pair[0], open_unseen}, sockets = {-1, open_sockets};
	measure(&(struct row){"getsockopt, an fd that is none of ours", BOUND_NS, 5, run_getsockopt, &pair[0], 0, 0});
	measure(&(struct row){"close, an fd that is none of ours", BOUND_NS, 5, run_close, &unseen, CLOSES, 0});
	/* No bound: 5 ns are a third of a percent of it, which is what the machine's noise comes to. */
	measure(&(struct row){"close, a UNIX socket", BOUND_NONE, 0, run_close, &sockets, CLOSES, 0});
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (zero == -1)
		broken("/dev/zero: %s", strerror(errno));
	measure(&(struct row){"read, an fd that is none of ours", BOUND_NS, 5, run_read, &zero, 0, 0});
	close(zero);
}

/* ---- all of it ---- */

/* As linphone sends them, and kamailio answers. */
#define VIA "Via: SIP/2.0/UDP 192.0.2.77:5070;branch=z9hG4bK.7ad1f0c2e9;rport"
#define PARTIES(to)                                                                                              \
	"From: \"Alice\" <sip:alice@pool.example.com>;tag=9fxced76sl\r\nTo: \"Alice\" <sip:alice@pool.example.com>" to \
	"\r\n"
#define IDENTITY(method) "CSeq: 1826 " method "\r\nCall-ID: 843817637684230@998sdasdh09\r\n"
#define CONTACT                                                                              \
	"Contact: <sip:alice@192.0.2.77:5070;transport=udp>;expires=3600;+sip.instance=\"<urn:uuid:" \
	"00000000-0000-1000-8000-AABBCCDDEEFF>\"\r\n"
#define REQUEST(method)                                                                                              \
	method " sip:pool.example.com SIP/2.0\r\n" VIA "\r\n" PARTIES("") IDENTITY(method) "Max-Forwards: 70\r\n"       \
	"Supported: replaces, outbound, gruu, path\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY\r\n" CONTACT  \
	"Expires: 3600\r\nUser-Agent: Linphone/5.1 (belle-sip/5.2)\r\nContent-Length: 0\r\n\r\n"
#define ANSWER(method)                                                                                                  \
	"SIP/2.0 200 OK\r\n" VIA "=5070;received=127.0.0.1\r\n" PARTIES(";tag=d61b4c3a.7734") IDENTITY(method) CONTACT      \
	"Server: kamailio (5.6.3 (x86_64/linux))\r\nContent-Length: 0\r\n\r\n"

static void measure_datagrams(const char *what, struct datagrams *d, const char *request, const char *answer,
			      bool process, enum bound bound)
{
	d->request = request;
	d->answer = answer;
	if (process)
		start_server(d);
	measure(&(struct row){what, bound, 10, run_datagrams, d, 0, 0});
	if (process)
		stop_server(d);
}

static void bench_datagrams(struct sockaddr_in candidate)
{
	static char rtp[173] = "\x80";
	static struct sockaddr_in elsewhere;	/* not on the stack: it is asked whether it can be read */
	memset(rtp + 1, 'r', sizeof rtp - 2);
	struct datagrams d = {.client = calls[OURS].socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			      .server = calls[OURS].socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .at = &candidate};
	if (d.client == -1 || bind(d.server, (struct sockaddr *)&candidate, sizeof candidate) == -1)
		broken("a socket at the candidate: %s", strerror(errno));
	measure_datagrams("round on UDP, RTP and RTP", &d, rtp, rtp, true, BOUND_PERCENT);
	measure_datagrams("round on UDP, OPTIONS and 200", &d, REQUEST("OPTIONS"), ANSWER("OPTIONS"), true, BOUND_PERCENT);
	measure_datagrams("round on UDP, REGISTER and 200", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), true, BOUND_PERCENT);
	measure_datagrams("the same to oneself: RTP and RTP", &d, rtp, rtp, false, BOUND_NONE);
	measure_datagrams("the same to oneself: REGISTER and 200", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), false,
			  BOUND_NONE);
	elsewhere = candidate;
	d.at = &elsewhere;
	measure_datagrams("REGISTER and 200, address not on the stack", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), true,
			  BOUND_NONE);
	if (calls[OURS].connect(d.client, (struct sockaddr *)&candidate, sizeof candidate) == -1)
		broken("connect on UDP: %s", strerror(errno));
	d.at = NULL;
	measure_datagrams("REGISTER and 200, connected", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), true, BOUND_PERCENT);
	calls[OURS].close(d.client);
	calls[OURS].close(d.server);
}

static bool is_candidate(const struct sockaddr_in *sa)
{
	const struct address a = address_of(sa);
	return addr_find(&table, &a) != 0;
}

int main(void)
{
	const char *path = getenv("STICKYDNS_TABLE");
	find_calls();
	if (!path || store_open(path, &table) != STORE_OK)
		broken("no table at $STICKYDNS_TABLE");

	struct query pool3 = {"pool3.bench.test", 3};
	struct sockaddr_in candidate = pin_name(&pool3), stranger = candidate;
	stranger.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (200 << 8));
	if (!is_candidate(&candidate) || is_candidate(&stranger))
		broken("the candidate is none, or the other address is one");

	measure_tcp("connect, accept, close, TCP, to a candidate", candidate, BOUND_PERCENT);
	measure_tcp("connect, accept, close, TCP, to no candidate", stranger, BOUND_NONE);
	measure_tcp_on_stack("connect, accept, close, TCP, address on stack", candidate);
	bench_lookups();
	bench_patterns();
	bench_udp(candidate, stranger);
	bench_strangers();
	bench_datagrams(candidate);
	look_up_many();
	measure_tcp("connect, accept, close, TCP, 64 names in use", candidate, BOUND_NONE);
	return 0;
}
