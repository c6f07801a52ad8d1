/*
 * icmp.h: ICMP and ICMPv6 errors of UDP datagrams, from raw sockets (raw(7)).
 *
 * On an unconnected UDP socket an error fires no tracepoint, and the program sees
 * nothing of it. A raw socket gets every such message of its network namespace,
 * forged ones too: only what quotes a datagram that was really sent (probes_quoted)
 * counts; where it quotes too little of it, see doubts.h.
 */
#ifndef STICKYDNS_PINWATCH_ICMP_H
#define STICKYDNS_PINWATCH_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pinwatch/watch.h"

/* Raw sockets for this process's network namespace; -1: none, errno. */
int icmp_open(void);
int icmpv6_open(void);

struct icmp_error {
	struct watch_event event;	/* WATCH_REFUSED */
	__u64 quote;			/* struct sent_key: of its text, */
	bool text;			/* or of its length alone */
};

enum icmp_status { ICMP_EVENT, ICMP_NOTHING, ICMP_NO_MORE };

/* The next message. `v6`: fd is of icmpv6_open. ICMP_NOTHING: it says nothing of UDP. */
enum icmp_status icmp_read(int fd, bool v6, uint64_t netns, struct icmp_error *out);

/*
 * What a message quotes: for tests. `p` starts at the IP header (v4: of the
 * message itself; v6: the ICMPv6 header, raw(7)). Fills in ports, address, error and
 * the quote.
 */
bool icmp_parse(const uint8_t *p, size_t n, struct icmp_error *out);
bool icmpv6_parse(const uint8_t *p, size_t n, struct icmp_error *out);

#endif
