/*
 * churn: look names up and connect, over and over, and trust nothing.
 *
 *	churn PORT HOST=ADDR,ADDR,… …
 *
 * Each round takes the next name and the next call (getaddrinfo in three
 * families, gethostbyname, gethostbyname2, gethostbyname_r), requires a well-formed answer
 * that holds each expected IPv4 address exactly once, and begins a
 * connect to the first. An address beyond those is counted, not refused: a
 * table may name one. Ends at SIGTERM; prints the counts; exit 1 if any answer
 * was wrong, which is printed too.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64, EXTRA = 16 };

struct pool {
	const char *host;
	int count;
	struct in_addr want[MOST];
	int seen[MOST];
};

static volatile sig_atomic_t over;
static unsigned long lookups, connects, extras, wrong;
static const char *call = "";

static void on_term(int sig)
{
	(void)sig;
	over = 1;
}

static void complain(const struct pool *p, const char *what, long n)
{
	if (wrong++ < 10)
		printf("WRONG %s by %s: %s %ld\n", p->host, call, what, n);
}

static void parse(char *arg, struct pool *p)
{
	char *save = NULL;
	p->host = strtok_r(arg, "=", &save);
	for (char *a; p->count < MOST && (a = strtok_r(NULL, ",", &save));)
		if (inet_pton(AF_INET, a, &p->want[p->count]) == 1)
			p->count++;
}

static void tick_off(struct pool *p, const void *addr)
{
	for (int i = 0; i < p->count; i++)
		if (memcmp(&p->want[i], addr, sizeof p->want[i]) == 0) {
			p->seen[i]++;
			return;
		}
	extras++;
}

static void check_all_seen(struct pool *p, int n)
{
	for (int i = 0; i < p->count; i++)
		if (p->seen[i] != 1)
			complain(p, p->seen[i] ? "an expected address came twice, of" : "an expected address is missing among", n);
	if (n > p->count + EXTRA)
		complain(p, "too many addresses:", n);
	memset(p->seen, 0, sizeof p->seen);
}

static bool well_formed(const struct addrinfo *a, int af)
{
	if (!a->ai_addr || a->ai_addr->sa_family != a->ai_family || (af && a->ai_family != af))
		return false;
	if (a->ai_socktype != SOCK_STREAM || a->ai_protocol != IPPROTO_TCP)
		return false;
	if (a->ai_family == AF_INET)
		return a->ai_addrlen == sizeof(struct sockaddr_in);
	return a->ai_family == AF_INET6 && a->ai_addrlen == sizeof(struct sockaddr_in6);
}

static void begin_connect(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	connects++;
	if (connect(fd, a->ai_addr, a->ai_addrlen) == -1) {
		int error;
		socklen_t len = sizeof error;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	close(fd);
}

/* The port and so the socket address must be whole; IPv4 (or mapped) addresses are what DNS has. */
static void by_getaddrinfo(struct pool *p, const char *port, int af)
{
	struct addrinfo hints = { .ai_family = af, .ai_socktype = SOCK_STREAM };
	if (af == AF_INET6)
		hints.ai_flags = AI_V4MAPPED;
	struct addrinfo *list;
	int rc = getaddrinfo(p->host, port, &hints, &list);
	if (rc != 0) {
		complain(p, gai_strerror(rc), rc);
		return;
	}
	int n = 0;
	for (const struct addrinfo *a = list; a && n < 1000; a = a->ai_next, n++) {
		const struct sockaddr_in *in = (const void *)a->ai_addr;
		const struct sockaddr_in6 *in6 = (const void *)a->ai_addr;
		if (!well_formed(a, af))
			complain(p, "malformed node", n);
		else if (ntohs(in->sin_port) != atoi(port))
			complain(p, "port", ntohs(in->sin_port));
		else if (a->ai_family == AF_INET)
			tick_off(p, &in->sin_addr);
		else
			tick_off(p, IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? &in6->sin6_addr.s6_addr[12]
									 : &in6->sin6_addr.s6_addr[0]);
	}
	check_all_seen(p, n);
	begin_connect(list);
	freeaddrinfo(list);
}

static void check_hostent(struct pool *p, const struct hostent *h)
{
	if (!h || h->h_addrtype != AF_INET || h->h_length != 4 || !h->h_name || !h->h_aliases) {
		complain(p, "hostent", h ? h->h_length : -1);
		return;
	}
	int n = 0;
	for (; h->h_addr_list[n] && n < 1000; n++)
		tick_off(p, h->h_addr_list[n]);
	check_all_seen(p, n);
}

static void by_gethostbyname_r(struct pool *p)
{
	char buffer[4096];
	struct hostent h, *result = NULL;
	int error;
	gethostbyname_r(p->host, &h, buffer, sizeof buffer, &result, &error);
	check_hostent(p, result);
}

static void round_of(struct pool *p, const char *port, unsigned long i)
{
	static const char *const calls[] = { "getaddrinfo", "getaddrinfo v4", "getaddrinfo v6",
					     "gethostbyname", "gethostbyname2", "gethostbyname_r" };
	call = calls[i % 6];
	lookups++;
	switch (i % 6) {
	case 0: by_getaddrinfo(p, port, AF_UNSPEC); break;
	case 1: by_getaddrinfo(p, port, AF_INET); break;
	case 2: by_getaddrinfo(p, port, AF_INET6); break;
	case 3: check_hostent(p, gethostbyname(p->host)); break;
	case 4: check_hostent(p, gethostbyname2(p->host, AF_INET)); break;
	default: by_gethostbyname_r(p); break;
	}
}

int main(int argc, char **argv)
{
	static struct pool pools[16];
	int n = 0;
	for (int i = 2; i < argc && n < 16; i++)
		parse(argv[i], &pools[n++]);
	if (n == 0)
		return 2;
	struct sigaction sa = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	sigaction(SIGTERM, &sa, NULL);
	puts("ready");
	fflush(stdout);
	for (unsigned long i = 0; !over || lookups < 50; i++)
		round_of(&pools[i / 6 % (unsigned)n], argv[1], i);
	printf("%lu lookups, %lu connects, %lu extra addresses, %lu wrong\n", lookups, connects, extras, wrong);
	return wrong != 0;
}
