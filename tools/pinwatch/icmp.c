/* icmp.c: see icmp.h. */
#include "tools/pinwatch/icmp.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/base/endpoint.h"
#include "policy/base/hash.h"

#ifndef ICMP_FILTER
#define ICMP_FILTER 1			/* linux/icmp.h, which excludes netinet/ip_icmp.h */
#endif

enum { V4_LEAST = 20, V6_HEADER = 40, ICMP_HEADER = 8, UDP_HEADER = 8 };

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

/* ---- what a message quotes ---- */

/* errno of a destination unreachable with this code (RFC 792), as icmp(7) has it; 0: none. */
static int error_of_icmp(unsigned code)
{
	switch (code) {
	case ICMP_PORT_UNREACH: return ECONNREFUSED;
	case ICMP_HOST_UNREACH:
	case ICMP_HOST_UNKNOWN:
	case ICMP_HOST_ANO:
	case ICMP_HOST_UNR_TOS:
	case ICMP_PKT_FILTERED:
	case ICMP_PREC_VIOLATION:
	case ICMP_PREC_CUTOFF: return EHOSTUNREACH;
	default: return 0;		/* the network, or the size: not the server */
	}
}

/* The same of ICMPv6 (RFC 4443). */
static int error_of_icmpv6(unsigned code)
{
	switch (code) {
	case ICMP6_DST_UNREACH_NOPORT: return ECONNREFUSED;
	case ICMP6_DST_UNREACH_ADDR: return EHOSTUNREACH;
	default: return 0;
	}
}

static uint16_t read16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }

/*
 * The text of a payload of `length` bytes, of which `n` are quoted. One so short that it may be guessed (a keep-alive,
 * RFC 5626 4.4.1) is as good as none.
 */
static void quote_text(const uint8_t *p, size_t n, size_t length, struct icmp_error *out)
{
	const size_t all = length < QUOTE_MAX ? length : QUOTE_MAX;
	__u64 text[QUOTE_MAX / sizeof(__u64)] = {0};
	out->quote = quote_of_length((__u32)length);
	out->text = length >= QUOTE_STEP && n >= all;
	if (!out->text)
		return;
	memcpy(text, p, all);
	for (size_t at = 0; at < all; at += QUOTE_STEP)
		out->quote = quote_more(out->quote, text + at / sizeof *text);
}

/* The UDP datagram that is quoted, `n` bytes of it: at least its header (RFC 792, RFC 4443 3.1). */
static bool quoted(const uint8_t *udp, size_t n, int family, const uint8_t *to, int error, struct icmp_error *out)
{
	struct address peer;
	const uint16_t length = n >= UDP_HEADER ? read16(udp + 4) : 0;
	if (!error || length < UDP_HEADER || !address_from_bytes(family, to, &peer))
		return false;
	memcpy(out->event.peer.addr, peer.bytes, sizeof out->event.peer.addr);
	out->event.own_port = read16(udp);
	out->event.port = read16(udp + 2);
	out->event.error = (uint16_t)error;
	quote_text(udp + UDP_HEADER, n - UDP_HEADER, length - UDP_HEADER, out);
	return true;
}

/* Extensions may stand behind what is quoted, which then has a length, in words (RFC 4884 4). */
static size_t without_extensions(size_t n, uint8_t words, size_t bytes)
{
	return words && words * bytes < n ? words * bytes : n;
}

bool icmp_parse(const uint8_t *p, size_t n, struct icmp_error *out)
{
	const size_t outer = n >= V4_LEAST ? (p[0] & 15u) * 4u : 0;
	if (outer < V4_LEAST || n < outer + ICMP_HEADER + V4_LEAST)
		return false;
	const uint8_t *icmp = p + outer, *inner = icmp + ICMP_HEADER;
	const size_t header = (inner[0] & 15u) * 4u, rest = without_extensions(n - outer - ICMP_HEADER, icmp[5], 4);
	if (icmp[0] != ICMP_DEST_UNREACH || inner[0] >> 4 != 4 || header < V4_LEAST || rest < header ||
	    inner[9] != IPPROTO_UDP || (read16(inner + 6) & 0x1fff))
		return false;
	return quoted(inner + header, rest - header, AF_INET, inner + 16, error_of_icmp(icmp[1]), out);
}

bool icmpv6_parse(const uint8_t *p, size_t n, struct icmp_error *out)
{
	const uint8_t *inner = p + ICMP_HEADER;
	if (n < ICMP_HEADER + V6_HEADER || p[0] != ICMP6_DST_UNREACH || inner[0] >> 4 != 6 || inner[6] != IPPROTO_UDP)
		return false;
	const size_t rest = without_extensions(n - ICMP_HEADER, p[4], 8);
	return rest >= V6_HEADER &&
	       quoted(inner + V6_HEADER, rest - V6_HEADER, AF_INET6, inner + 24, error_of_icmpv6(p[1]), out);
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

/* ---- whether it is believed ---- */

bool doubts_met_again(struct doubts *d, const struct sender_key *flow, uint64_t sent, uint64_t heard)
{
	uint64_t word[sizeof *flow / sizeof(uint64_t)];
	memcpy(word, flow, sizeof word);
	struct doubt *s = &d->slot[hash_slot(hash_words(word, sizeof word / sizeof *word, 0), DOUBTS_MAX)];
	const bool unanswered = s->sent > heard && memcmp(&s->flow, flow, sizeof *flow) == 0;
	const bool again = unanswered && sent > s->sent && sent - s->sent >= DOUBT_ANSWER_MS * 1000000ull;
	if (!unanswered || again)
		*s = (struct doubt){*flow, sent};
	return again;
}

/* ---- endpoints that were refused ---- */

static uint32_t slot_of(const struct watch_key *peer, uint64_t port)
{
	uint64_t word[sizeof *peer / sizeof(uint64_t)];
	memcpy(word, peer, sizeof word);
	return hash_slot(hash_words(word, sizeof word / sizeof *word, port), REFUSALS_MAX);
}

void refusals_note(struct refusals *r, const struct watch_key *peer, uint16_t port, uint64_t now)
{
	r->slot[slot_of(peer, port)] = (struct refusal){.peer = *peer, .port = port, .last = now};
}

bool refusals_since(const struct refusals *r, const struct watch_key *peer, uint16_t port, uint64_t since)
{
	const struct refusal *s = &r->slot[slot_of(peer, port)];
	return s->last && s->last >= since && s->port == port && memcmp(&s->peer, peer, sizeof *peer) == 0;
}
