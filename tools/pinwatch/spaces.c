/* spaces.c: see spaces.h. */
#include "tools/pinwatch/spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "policy/base/endpoint.h"
#include "policy/table/file.h"
#include "tools/common/cmd.h"
#include "tools/pinwatch/icmp.h"

/* ---- connected UDP sockets, as the kernel lists them for a network namespace (sock_diag(7)) ---- */

enum { ESTABLISHED = 1, PATIENCE_S = 1 };	/* tcp(7): of UDP sockets, the connected ones */

struct query {
	struct nlmsghdr header;
	struct inet_diag_req_v2 of;
};

static int diag_open(void)
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

static bool diag_any(int fd, __u64 netns, bool (*is)(const void *arg, const struct watch_key *peer), const void *arg)
{
	const struct query v4 = query_of(AF_INET, NLM_F_DUMP), v6 = query_of(AF_INET6, NLM_F_DUMP);
	struct any a = {netns, is, arg};
	return fd != -1 && (each(fd, &v4, any_take, &a) || each(fd, &v6, any_take, &a));
}

/* ---- the namespaces ---- */

static void opened(struct probe *p, int fd, int error)
{
	if (fd == -1)
		snprintf(p->why, sizeof p->why, "%s%s", strerror(error), error == EPERM ? " (needs CAP_NET_RAW)" : "");
	else
		p->attached = true;
}

/* In the namespace that we are in. */
static void open_here(struct space *s, struct probes *p)
{
	s->cookie = store_netns();
	s->icmp = s->icmpv6 = s->diag = -1;
	if (p->probe[PROBE_ICMP].unwanted)
		return;
	if (!p->probe[PROBE_SEND].attached && !p->probe[PROBE_OUT].attached) {
		for (unsigned i = PROBE_ICMP; i <= PROBE_ICMPV6; i++)
			snprintf(p->probe[i].why, sizeof p->probe[i].why, "an error is believed only with %s", p->probe[PROBE_OUT].name);
		return;
	}
	s->diag = diag_open();
	if (s->diag == -1)
		note(NULL, "connected UDP sockets cannot be listed: %s: packets are looked at once one is connected", strerror(errno));
	s->icmp = icmp_open();
	opened(&p->probe[PROBE_ICMP], s->icmp, errno);
	s->icmpv6 = icmpv6_open();
	opened(&p->probe[PROBE_ICMPV6], s->icmpv6, errno);
}

static bool enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool in = fd != -1 && setns(fd, CLONE_NEWNET) == 0;
	int saved = errno;
	if (fd != -1)
		close(fd);
	errno = saved;
	return in;
}

static void where(const struct spaces *s, struct probe *p)
{
	if (p->attached)
		snprintf(p->where, sizeof p->where, "%zu network namespace%s", s->n, s->n == 1 ? "" : "s");
}

void spaces_open(struct spaces *s, const char *const *paths, size_t n, struct probes *p)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	*s = (struct spaces){.n = 1};
	open_here(&s->space[0], p);
	for (size_t i = 0; i < n && s->n < SPACES_MAX; i++) {
		if (home == -1 || !enter(paths[i])) {
			note(NULL, "--netns: %s: %s%s", paths[i], strerror(errno),
			     errno == EPERM ? " (needs CAP_SYS_ADMIN)" : "");
			continue;
		}
		s->space[s->n] = (struct space){.path = paths[i]};
		open_here(&s->space[s->n++], p);
		if (setns(home, CLONE_NEWNET) == -1) {
			complain(NULL, "cannot come back from %s: %s", paths[i], strerror(errno));
			_exit(FAILED);
		}
	}
	if (home != -1)
		close(home);
	where(s, &p->probe[PROBE_ICMP]);
	where(s, &p->probe[PROBE_ICMPV6]);
}

void spaces_close(struct spaces *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->space[i].icmp != -1)
			close(s->space[i].icmp);
		if (s->space[i].icmpv6 != -1)
			close(s->space[i].icmpv6);
		if (s->space[i].diag != -1)
			close(s->space[i].diag);
	}
	s->n = 0;
}

bool spaces_has(const struct spaces *s, uint64_t cookie)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->space[i].cookie == cookie)
			return true;
	return false;
}

bool spaces_list(const struct spaces *s, uint64_t cookie)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->space[i].cookie == cookie)
			return s->space[i].diag != -1;
	return false;
}

static bool is_watched(const void *probes, const struct watch_key *peer) { return probes_watches(probes, peer); }

bool spaces_connected(const struct spaces *s, const struct probes *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (diag_any(s->space[i].diag, s->space[i].cookie, is_watched, p))
			return true;
	return false;
}
