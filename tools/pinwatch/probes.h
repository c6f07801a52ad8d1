/*
 * probes.h: pinwatch's programs in the kernel, and its raw sockets.
 *
 * Each is optional: what cannot be attached is remembered with the reason, and
 * the others work without it. All are held by file descriptors, so they are gone
 * with the process, however it ends.
 */
#ifndef STICKYDNS_PINWATCH_PROBES_H
#define STICKYDNS_PINWATCH_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pinwatch/watched.h"

enum probe_id {
	PROBE_TCP_STATE, PROBE_TCP_RESET, PROBE_TCP_RETRANSMIT, PROBE_ERROR,	/* connects.bpf.c */
	PROBE_SEND, PROBE_OUT, PROBE_IN,			/* datagrams.bpf.c: connect and sendmsg; packets */
	PROBE_ICMP, PROBE_ICMPV6,				/* icmp.c */
	PROBES_ALL
};

struct probe {
	const char *name;		/* the kernel's name of the hook */
	const char *sees;		/* what is not seen without it */
	bool attached;
	char where[256];		/* "everywhere", a cgroup's path, network namespaces */
	char why[320];			/* it is not attached */
	bool unwanted;			/* it is not attached because nobody wants it */
};

#define EVERYWHERE "all network namespaces"	/* where */

struct connects_bpf;
struct datagrams_bpf;

struct probes {
	struct probe probe[PROBES_ALL];
	struct connects_bpf *connects;	/* NULL: not loaded */
	struct datagrams_bpf *datagrams;
	int watched;			/* map fds; -1: there is none */
	int senders, connected, quotes;
	const char *cgroup;		/* whose datagrams; NULL: the root's, or nobody's */
	uint64_t cgroup_dev, cgroup_ino; /* that they are attached to; zeros: to none */
	uint32_t idle_s;		/* datagrams.h */
	bool packets;			/* are looked at */
	bool packets_missing, packets_told; /* they cannot be; that was said */
	uint32_t packets_tended;	/* so often */
	uint32_t packets_since;		/* tick when that was last asked for */
	bool connects_on_demand;	/* connects.h */
	bool connects_told;		/* that they cannot be looked at */
	uint32_t connects_since;	/* tick when that was last asked for */
};

/*
 * Loads what the kernel takes; connects.h and datagrams.h attach it. `cgroup`: a directory
 * of a cgroup2 mount, or NULL for the root of the first that mountinfo shows, or "none":
 * datagrams are not watched. It is not copied. A struct probes of zeros is fine for probes_close.
 */
void probes_load(struct probes *p, const char *cgroup, uint32_t idle_s);

void probes_close(struct probes *p);

/* The rings' fds for ring_buffer__new; -1: not there. */
int probes_events(const struct probes *p);
int probes_messages(const struct probes *p);
int probes_wakes(const struct probes *p);

/* Watch an address, or no longer. False: no room, or nothing to watch with. Any thread. */
bool probes_watch(const struct probes *p, const struct watch_key *key);
void probes_unwatch(const struct probes *p, const struct watch_key *key);

bool probes_watches(const struct probes *p, const struct watch_key *key);

/* Events that found no room in their ring. */
uint64_t probes_lost(const struct probes *p);

/* The socket and process that sent a datagram of this flow. False: none that was seen. */
bool probes_sender(const struct probes *p, const struct sender_key *flow, struct sender *out);

/* When a datagram of this flow was sent of which an ICMP error quotes so much. 0: none was seen. */
uint64_t probes_quoted(const struct probes *p, const struct sent_key *key);

/* The process that connected a UDP socket. False: not seen. */
bool probes_connected(const struct probes *p, uint64_t cookie, struct sender *out);

/* ---- for those that attach ---- */

struct bpf_link;

/* What came of attaching: `link`, NULL and errno: nothing. It is left in *keep. */
void probe_attached(struct probe *p, struct bpf_link *link, struct bpf_link **keep, const char *where);

/* It is not there because of an errno. */
void probe_because(struct probe *p, int error);

#endif
