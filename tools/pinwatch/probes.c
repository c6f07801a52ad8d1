/* probes.c: see probes.h. */
#include "tools/pinwatch/probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "connects.skel.h"
#include "datagrams.skel.h"

/* Which probe each of an object's programs belongs to, in its order. */
static const enum probe_id of_connects[] = {PROBE_TCP_STATE, PROBE_TCP_STATE, PROBE_TCP_RESET, PROBE_TCP_RETRANSMIT, PROBE_ERROR};
static const enum probe_id of_datagrams[] = {PROBE_SEND, PROBE_SEND, PROBE_SEND, PROBE_SEND, PROBE_OUT, PROBE_IN};
enum { CONNECTS_PROGRAMS = sizeof of_connects / sizeof *of_connects, DATAGRAMS_PROGRAMS = sizeof of_datagrams / sizeof *of_datagrams };

static const struct probe blank[PROBES_ALL] = {
	[PROBE_TCP_STATE] = {.name = "inet_sock_set_state", .sees = "TCP connects that come through"},
	[PROBE_TCP_RESET] = {.name = "tcp_receive_reset", .sees = "TCP refusals and resets"},
	[PROBE_TCP_RETRANSMIT] = {.name = "tcp_retransmit_skb", .sees = "SYNs that nobody answers"},
	[PROBE_ERROR] = {.name = "inet_sk_error_report", .sees = "TCP time-outs and ICMP errors of connected sockets"},
	[PROBE_SEND] = {.name = "cgroup/sendmsg4", .sees = "who begins to send datagrams"},
	[PROBE_OUT] = {.name = "cgroup_skb/egress", .sees = "UDP silence"},
	[PROBE_IN] = {.name = "cgroup_skb/ingress", .sees = "answers over UDP"},
	[PROBE_ICMP] = {.name = "icmp", .sees = "ICMP errors of UDP"},
	[PROBE_ICMPV6] = {.name = "icmpv6", .sees = "ICMPv6 errors of UDP"},
};

/* ---- why ---- */

void probe_because(struct probe *p, int error)
{
	const bool denied = error == EPERM || error == EACCES;
	snprintf(p->why, sizeof p->why, "%s%s", strerror(error),
		 !denied ? "" : " (needs CAP_BPF, CAP_PERFMON and, for cgroups, CAP_NET_ADMIN)");
}

/* libbpf's own words are many lines, for its developers; errno is for everybody. */
static int silent(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level, (void)format, (void)ap;
	return 0;
}

/* ---- loading ---- */

struct pidns {
	uint64_t dev, ino;
};

static struct pidns own_pidns(void)
{
	struct stat st;
	return stat("/proc/self/ns/pid", &st) == -1 ? (struct pidns){0} : (struct pidns){st.st_dev, st.st_ino};
}

/* Of the object's programs, in order, those in `mask` are loaded. */
static void choose(struct bpf_object *obj, unsigned mask)
{
	struct bpf_program *prog;
	unsigned i = 0;
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, mask >> i++ & 1);
}

/* 0, or errno. */
static int load_connects(struct probes *p, unsigned mask)
{
	const struct pidns ns = own_pidns();
	p->connects = connects_bpf__open();
	if (!p->connects)
		return errno;
	p->connects->rodata->pidns_dev = ns.dev;
	p->connects->rodata->pidns_ino = ns.ino;
	choose(p->connects->obj, mask);
	int error = -connects_bpf__load(p->connects);
	if (error) {
		connects_bpf__destroy(p->connects);
		p->connects = NULL;
	}
	return error;
}

static int load_datagrams(struct probes *p, unsigned mask)
{
	const struct pidns ns = own_pidns();
	p->datagrams = datagrams_bpf__open();
	if (!p->datagrams)
		return errno;
	p->datagrams->rodata->pidns_dev = ns.dev;
	p->datagrams->rodata->pidns_ino = ns.ino;
	if (p->connects) {
		bpf_map__reuse_fd(p->datagrams->maps.watched, bpf_map__fd(p->connects->maps.watched));
		bpf_map__reuse_fd(p->datagrams->maps.notes, bpf_map__fd(p->connects->maps.notes));
	}
	choose(p->datagrams->obj, mask);
	int error = -datagrams_bpf__load(p->datagrams);
	if (error) {
		datagrams_bpf__destroy(p->datagrams);
		p->datagrams = NULL;
	}
	return error;
}

static void unload(struct probes *p, enum probe_id of)
{
	if (of == PROBE_TCP_STATE) {
		connects_bpf__destroy(p->connects);
		p->connects = NULL;
	} else {
		datagrams_bpf__destroy(p->datagrams);
		p->datagrams = NULL;
	}
}

/* All programs of an object; if the kernel does not take them all, each by itself tells which, and the others are loaded. */
static void load(struct probes *p, const enum probe_id *of, unsigned n, int (*with)(struct probes *, unsigned mask))
{
	unsigned good = 0;
	if (with(p, (1u << n) - 1) == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		int error = with(p, 1u << i);
		if (error)
			probe_because(&p->probe[of[i]], error);
		else
			good |= 1u << i;
		unload(p, of[0]);
	}
	int error = good ? with(p, good) : 0;
	for (unsigned i = 0; error && i < n; i++)
		if (good >> i & 1)
			probe_because(&p->probe[of[i]], error);
}

/* ---- attaching ---- */

void probe_attached(struct probe *p, struct bpf_link *link, struct bpf_link **keep, const char *where)
{
	if (!link) {
		probe_because(p, errno);
		return;
	}
	*keep = link;
	p->attached = true;
	snprintf(p->where, sizeof p->where, "%s", where);
}

/* Without the senders of datagrams, ICMP has nothing to be held against. */
static void leave_out(struct probes *p)
{
	for (unsigned i = PROBE_SEND; i <= PROBE_ICMPV6; i++) {
		p->probe[i].unwanted = true;
		snprintf(p->probe[i].why, sizeof p->probe[i].why, "--cgroup none");
	}
}

void probes_load(struct probes *p, const char *cgroup, uint32_t idle_s)
{
	const bool none = cgroup && strcmp(cgroup, "none") == 0;
	*p = (struct probes){.watched = -1, .senders = -1, .connected = -1, .quotes = -1, .cgroup = none ? NULL : cgroup, .idle_s = idle_s};
	memcpy(p->probe, blank, sizeof blank);
	libbpf_set_print(silent);
	load(p, of_connects, CONNECTS_PROGRAMS, load_connects);
	if (none)
		leave_out(p);
	else
		load(p, of_datagrams, DATAGRAMS_PROGRAMS, load_datagrams);
	if (p->connects)
		p->watched = bpf_map__fd(p->connects->maps.watched);
	if (p->datagrams) {
		p->watched = bpf_map__fd(p->datagrams->maps.watched);
		p->senders = bpf_map__fd(p->datagrams->maps.senders);
		p->connected = bpf_map__fd(p->datagrams->maps.connected);
		p->quotes = bpf_map__fd(p->datagrams->maps.quotes);
	}
}

void probes_close(struct probes *p)
{
	connects_bpf__destroy(p->connects);
	datagrams_bpf__destroy(p->datagrams);
	p->connects = NULL;
	p->datagrams = NULL;
}

/* ---- what they say ---- */

int probes_events(const struct probes *p) { return p->connects ? bpf_map__fd(p->connects->maps.events) : -1; }
int probes_wakes(const struct probes *p) { return p->datagrams ? bpf_map__fd(p->datagrams->maps.wakes) : -1; }
int probes_messages(const struct probes *p) { return p->datagrams ? bpf_map__fd(p->datagrams->maps.messages) : -1; }

/* The filter first: a bit too many costs a lookup, one too few an event. */
static void admit(__u64 *filter, uint32_t bit)
{
	__atomic_fetch_or(&filter[bit / 64], (__u64)1 << (bit % 64), __ATOMIC_RELEASE);
}

bool probes_watch(const struct probes *p, const struct watch_key *key)
{
	const uint8_t yes = 1;
	const uint32_t bit = watch_bit(key->addr);
	if (p->connects)
		admit(p->connects->bss->filter, bit);
	if (p->datagrams)
		admit(p->datagrams->bss->filter, bit);
	return p->watched >= 0 && bpf_map_update_elem(p->watched, key, &yes, BPF_ANY) == 0;
}

void probes_unwatch(const struct probes *p, const struct watch_key *key)
{
	if (p->watched >= 0)
		bpf_map_delete_elem(p->watched, key);
}

static uint64_t read_lost(const uint64_t *w) { return __atomic_load_n(w, __ATOMIC_RELAXED); }

uint64_t probes_lost(const struct probes *p)
{
	return (p->connects ? read_lost((const uint64_t *)&p->connects->bss->lost) : 0) +
	       (p->datagrams ? read_lost((const uint64_t *)&p->datagrams->bss->lost) : 0);
}

bool probes_sender(const struct probes *p, const struct sender_key *flow, struct sender *out)
{
	return p->senders >= 0 && bpf_map_lookup_elem(p->senders, flow, out) == 0;
}

uint64_t probes_quoted(const struct probes *p, const struct sent_key *key)
{
	uint64_t sent;
	return p->quotes >= 0 && bpf_map_lookup_elem(p->quotes, key, &sent) == 0 ? sent : 0;
}

bool probes_connected(const struct probes *p, uint64_t cookie, struct sender *out)
{
	return p->connected >= 0 && cookie && bpf_map_lookup_elem(p->connected, &cookie, out) == 0;
}

bool probes_watches(const struct probes *p, const struct watch_key *key)
{
	uint8_t yes;
	return p->watched >= 0 && bpf_map_lookup_elem(p->watched, key, &yes) == 0;
}
