/* diag.c: see diag.h. */
#include "tools/pinwatch/diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "policy/base/endpoint.h"

enum { ESTABLISHED = 1, PATIENCE_S = 1 };	/* tcp(7): of UDP sockets, the connected ones */

struct query {
	struct nlmsghdr header;
	struct inet_diag_req_v2 of;
};

int diag_open(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd != -1)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static struct query query_of(uint8_t family, uint16_t flags)
{
	return (struct query){
		.header = {.nlmsg_len = sizeof(struct query), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
		.of = {.sdiag_family = family, .sdiag_protocol = IPPROTO_UDP, .idiag_states = 1u << ESTABLISHED,
		       .id.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}},
	};
}

/* ---- answers ---- */

typedef bool take_fn(void *arg, const struct inet_diag_msg *m);

/* One piece of an answer, of n bytes. False: it was the last one. */
static bool piece(const char *buf, size_t n, take_fn *take, void *arg, bool *taken)
{
	for (size_t at = 0; n - at >= sizeof(struct nlmsghdr);) {
		const struct nlmsghdr *h = (const void *)(buf + at);
		if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len > n - at ||
		    h->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			return false;
		*taken = *taken || take(arg, (const void *)(buf + at + NLMSG_HDRLEN));
		at += NLMSG_ALIGN(h->nlmsg_len) < n - at ? NLMSG_ALIGN(h->nlmsg_len) : n - at;
	}
	return true;
}

/* True: one was taken. The rest is read away all the same, or the next query would get it. */
static bool each(int fd, const struct query *q, take_fn *take, void *arg)
{
	char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool taken = false, more = send(fd, q, sizeof *q, 0) == sizeof *q;
	while (more) {
		ssize_t n = recv(fd, buf, sizeof buf, 0);
		more = n > 0 && piece(buf, (size_t)n, take, arg, &taken) && q->header.nlmsg_flags & NLM_F_DUMP;
	}
	return taken;
}

/* In the form of a key: IPv4 as mapped. */
static void address_of(uint8_t family, const __be32 words[4], __u32 out[4])
{
	struct address a = {0};
	address_from_bytes(family, words, &a);
	memcpy(out, a.bytes, sizeof a.bytes);
}

/* ---- any ---- */

struct any {
	__u64 netns;
	bool (*is)(const void *arg, const struct watch_key *peer);
	const void *arg;
};

static bool any_take(void *arg, const struct inet_diag_msg *m)
{
	const struct any *a = arg;
	struct watch_key peer = {.netns = a->netns};
	address_of(m->idiag_family, m->id.idiag_dst, peer.addr);
	return m->idiag_state == ESTABLISHED && a->is(a->arg, &peer);
}

bool diag_any(int fd, __u64 netns, bool (*is)(const void *arg, const struct watch_key *peer), const void *arg)
{
	const struct query v4 = query_of(AF_INET, NLM_F_DUMP), v6 = query_of(AF_INET6, NLM_F_DUMP);
	struct any a = {netns, is, arg};
	return fd != -1 && (each(fd, &v4, any_take, &a) || each(fd, &v6, any_take, &a));
}
