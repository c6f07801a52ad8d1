/*
 * both.h: the libc calls that the shim hooks, hooked and bare, for the programs that measure them side by side.
 *
 * Such a program runs under LD_PRELOAD="libstickydns.so libcanned.so" with a fresh
 * table. The bare functions are libc's own, by its handle, and for getaddrinfo
 * libcanned's; the hooked ones are what the program would call by name. Both go
 * through pointers. Everything stays on loopback. Before anything is measured it is made
 * sure that the shim does what is measured then: that the pin leads, that an
 * address is a candidate or none.
 */
#ifndef STICKYDNS_BENCH_BOTH_H
#define STICKYDNS_BENCH_BOTH_H

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/pins/view.h"
#include "policy/table/addresses.h"
#include "tests/bench/measure.h"

struct calls {
	int (*getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*getsockopt)(int, int, int, void *, socklen_t *);
	int (*socket)(int, int, int);
	int (*accept)(int, struct sockaddr *, socklen_t *);
	int (*close)(int);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*send)(int, const void *, size_t, int);
	ssize_t (*recv)(int, void *, size_t, int);
	ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
};

static struct calls calls[WAYS];
static int *canned_pool;
static struct table table;		/* the shim's, mapped a second time, to look at */

enum { PORT = 25060 };
#define PORT_TEXT "25060"

/* ---- both ways ---- */

static inline void *symbol(void *handle, const char *name)
{
	void *f = dlsym(handle, name);
	if (!f)
		broken("%s not found: is libcanned.so preloaded?", name);
	return f;
}

static inline struct calls calls_of(void *handle)
{
	return (struct calls){
		.getaddrinfo = symbol(handle, "getaddrinfo"),
		.connect = symbol(handle, "connect"),
		.getsockopt = symbol(handle, "getsockopt"),
		.socket = symbol(handle, "socket"),
		.accept = symbol(handle, "accept"),
		.close = symbol(handle, "close"),
		.read = symbol(handle, "read"),
		.write = symbol(handle, "write"),
		.send = symbol(handle, "send"),
		.recv = symbol(handle, "recv"),
		.sendto = symbol(handle, "sendto"),
		.recvfrom = symbol(handle, "recvfrom"),
	};
}

static inline void find_calls(void)
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

static inline struct addrinfo *resolve(enum way way, const struct query *q)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	*canned_pool = q->pool;
	if (calls[way].getaddrinfo(q->name, PORT_TEXT, &hints, &list) != 0)
		broken("%s does not resolve", q->name);
	return list;
}

static inline struct sockaddr_in head_of(enum way way, const struct query *q)
{
	struct sockaddr_in sa;
	struct addrinfo *list = resolve(way, q);
	memcpy(&sa, list->ai_addr, sizeof sa);
	freeaddrinfo(list);
	return sa;
}

static inline bool same_host(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* The record of a name, as the table has it. */
static inline struct name_view view_of(const char *text)
{
	static struct name_view view;
	struct name name;
	struct name_ref ref;
	if (name_canonical(text, &name) != NAME_OK || !table_find(&table, &name, &ref) ||
	    !pins_view(&table, ref, &view))
		broken("%s is not in the table", text);
	return view;
}

static inline struct address address_of(const struct sockaddr_in *sa)
{
	struct endpoint e;
	if (!endpoint_from_sockaddr((const struct sockaddr *)sa, sizeof *sa, &e))
		broken("not an address");
	return e.addr;
}

/* ---- connections ---- */

static inline int listen_on(const struct sockaddr_in *sa)
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
static inline void round_trip(const struct calls *c, int listener, const struct sockaddr_in *to)
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

/* ---- the start ---- */

/* Looks the name up and connects to it: its pin is confirmed then. Makes sure that it leads. */
static inline struct sockaddr_in pin_name(const struct query *q)
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

static inline bool is_candidate(const struct sockaddr_in *sa)
{
	const struct address a = address_of(sa);
	return addr_find(&table, &a) != 0;
}

/* A pinned candidate of pool3.bench.test, and an address that is none. */
struct places {
	struct sockaddr_in candidate, stranger;
};

/* Finds both ways and the table, and pins the name. */
static inline struct places begin(void)
{
	const char *path = getenv("STICKYDNS_TABLE");
	find_calls();
	if (!path || store_open(path, &table) != STORE_OK)
		broken("no table at $STICKYDNS_TABLE");
	struct places p;
	p.candidate = p.stranger = pin_name(&(struct query){"pool3.bench.test", 3});
	p.stranger.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (200 << 8));
	if (!is_candidate(&p.candidate) || is_candidate(&p.stranger))
		broken("the candidate is none, or the other address is one");
	return p;
}

#endif
