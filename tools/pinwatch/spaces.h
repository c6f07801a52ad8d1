/*
 * spaces.h: the network namespaces whose ICMP errors are read, and whose UDP sockets are listed.
 *
 * TCP is seen in all namespaces, whichever process is in them. A raw socket and one of
 * sock_diag(7) see only their own. So each namespace that is named is entered once, to open
 * them there (setns(2), which takes CAP_SYS_ADMIN), and left again.
 */
#ifndef STICKYDNS_PINWATCH_SPACES_H
#define STICKYDNS_PINWATCH_SPACES_H

#include "tools/pinwatch/probes.h"

enum { SPACES_MAX = 32 };

struct space {
	const char *path;		/* NULL: our own */
	uint64_t cookie;		/* 0: not known */
	int icmp, icmpv6, diag;		/* fds, or -1 */
};

struct spaces {
	struct space space[SPACES_MAX];
	size_t n;
};

/*
 * Our own and those at `paths`: opens the sockets, and writes into the two probes
 * what came of it. What a path's trouble is goes to stderr in one line.
 */
void spaces_open(struct spaces *s, const char *const *paths, size_t n, struct probes *p);
void spaces_close(struct spaces *s);

/* Is it one of them? */
bool spaces_has(const struct spaces *s, uint64_t cookie);

/* Can connected sockets of this namespace be listed? */
bool spaces_list(const struct spaces *s, uint64_t cookie);

/* Is a UDP socket of theirs connected to a watched address? */
bool spaces_connected(const struct spaces *s, const struct probes *p);

#endif
