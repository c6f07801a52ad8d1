/* icmp.c: see icmp.h. */
#include "icmp.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"
#include "now.h"
#include "verdict.h"

#ifndef ICMP_FILTER
#define ICMP_FILTER 1			/* linux/icmp.h, which excludes netinet/ip_icmp.h */
#endif

enum { V4_LEAST = 20, V6_HEADER = 40, ICMP_HEADER = 8, PORTS = 4 };

static int raw(int family, int protocol, int level, int name, const void *filter, socklen_t size)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (fd != -1 && setsockopt(fd, level, name, filter, size) == -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int icmp_open(void)
{
	const uint32_t all_but = ~(1u << ICMP_DEST_UNREACH);
	return raw(AF_INET, IPPROTO_ICMP, SOL_RAW, ICMP_FILTER, &all_but, sizeof all_but);
}

int icmpv6_open(void)
{
	struct icmp6_filter filter;
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &filter);
	return raw(AF_INET6, IPPROTO_ICMPV6, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
}

static uint16_t read16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

/* The datagram that is quoted: at least its ports (RFC 792, RFC 4443 3.1). */
static bool quoted(const uint8_t *ports, int family, const uint8_t *from, const uint8_t *to, int error, struct icmp_error *out)
{
	struct address peer, own;
	if (!error || !address_from_bytes(family, to, &peer) || !address_from_bytes(family, from, &own))
		return false;
	memcpy(out->own, own.bytes, sizeof out->own);
	memcpy(out->event.peer.addr, peer.bytes, sizeof out->event.peer.addr);
	out->event.own_port = read16(ports);
	out->event.port = read16(ports + 2);
	out->event.error = (uint16_t)error;
	return true;
}

bool icmp_parse(const uint8_t *p, size_t n, struct icmp_error *out)
{
	const size_t outer = n >= V4_LEAST ? (p[0] & 15u) * 4u : 0;
	if (outer < V4_LEAST || n < outer + ICMP_HEADER + V4_LEAST)
		return false;
	const uint8_t *icmp = p + outer, *inner = icmp + ICMP_HEADER;
	const size_t header = (inner[0] & 15u) * 4u, rest = n - outer - ICMP_HEADER;
	if (icmp[0] != ICMP_DEST_UNREACH || inner[0] >> 4 != 4 || header < V4_LEAST || rest < header + PORTS ||
	    inner[9] != IPPROTO_UDP || (read16(inner + 6) & 0x1fff))
		return false;
	return quoted(inner + header, AF_INET, inner + 12, inner + 16, verdict_icmp(icmp[1]), out);
}

bool icmpv6_parse(const uint8_t *p, size_t n, struct icmp_error *out)
{
	const uint8_t *inner = p + ICMP_HEADER;
	if (n < ICMP_HEADER + V6_HEADER + PORTS || p[0] != ICMP6_DST_UNREACH || inner[0] >> 4 != 6 ||
	    inner[6] != IPPROTO_UDP)
		return false;
	return quoted(inner + V6_HEADER, AF_INET6, inner + 8, inner + 24, verdict_icmpv6(p[1]), out);
}

enum icmp_status icmp_read(int fd, bool v6, uint64_t netns, struct icmp_error *out)
{
	uint8_t buf[1500];
	struct sockaddr_in6 from = {0};
	socklen_t len = sizeof from;
	ssize_t n = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len);
	if (n == -1)
		return ICMP_NO_MORE;
	*out = (struct icmp_error){.event = {.peer.netns = netns, .what = WATCH_REFUSED, .transport = TRANSPORT_UDP,
					     .now = now_ns(CLOCK_MONOTONIC), .scope = v6 ? from.sin6_scope_id : 0}};
	bool says = v6 ? icmpv6_parse(buf, (size_t)n, out) : icmp_parse(buf, (size_t)n, out);
	return says ? ICMP_EVENT : ICMP_NOTHING;
}
