/*
 * libcanned: a resolver that answers at once, to stand below the shim.
 *
 * Preloaded behind libstickydns.so, so that RTLD_NEXT finds it there. Every name
 * has `canned_pool` addresses, 127.0.P.1 to 127.0.P.P where P is that number, one
 * node each; every answer begins with the next of them, as a rotating pool's does.
 * Nodes are made as glibc makes them, since its freeaddrinfo frees them. For one
 * thread.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

int canned_pool = 3;

int canned_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res);

struct node {
	struct addrinfo info;
	struct sockaddr_in addr;
};

static struct addrinfo *make_node(const struct addrinfo *hints, uint16_t port, unsigned host)
{
	struct node *n = calloc(1, sizeof *n);
	if (!n)
		abort();
	n->addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	n->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + ((unsigned)canned_pool << 8) + host);
	n->info = (struct addrinfo){.ai_family = AF_INET, .ai_addr = (struct sockaddr *)&n->addr,
				    .ai_addrlen = sizeof n->addr};
	n->info.ai_socktype = hints ? hints->ai_socktype : SOCK_STREAM;
	return &n->info;
}

int canned_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	static unsigned turn;
	const unsigned pool = (unsigned)canned_pool, first = turn++;
	const uint16_t port = service ? (uint16_t)atoi(service) : 0;
	(void)node;
	*res = NULL;
	for (unsigned i = 0; i < pool; i++) {
		*res = make_node(hints, port, (first + i) % pool + 1);
		res = &(*res)->ai_next;
	}
	return 0;
}

/* An alias, not a call: the shim finds the very function that the bare side calls. */
int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
		struct addrinfo **restrict res) __attribute__((alias("canned_getaddrinfo")));
