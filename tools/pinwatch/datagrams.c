/* datagrams.c: see datagrams.h. */
#include "tools/pinwatch/datagrams.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datagrams.skel.h"
#include "policy/base/clock.h"
#include "tools/common/cgroup.h"
#include "tools/common/cmd.h"
#include "tools/pinwatch/holder.h"

/* Of datagrams.bpf.c: first those that tell, then those that see packets. */
enum { HOOKS_TELLING = 4, HOOKS = 6, LOOK_S = 60, RETRY_S = 5 };

struct hook {
	struct bpf_program *prog;
	struct bpf_link **link;
	enum probe_id probe;
};

static void list_hooks(struct datagrams_bpf *d, struct hook out[HOOKS])
{
	const struct hook all[HOOKS] = {
		{d->progs.connect_v4, &d->links.connect_v4, PROBE_SEND}, {d->progs.connect_v6, &d->links.connect_v6, PROBE_SEND},
		{d->progs.send_v4, &d->links.send_v4, PROBE_SEND},       {d->progs.send_v6, &d->links.send_v6, PROBE_SEND},
		{d->progs.datagram_out, &d->links.datagram_out, PROBE_OUT}, {d->progs.datagram_in, &d->links.datagram_in, PROBE_IN},
	};
	memcpy(out, all, sizeof all);
}

/* ---- the cgroup ---- */

/* -1: errno tells. */
static int open_cgroup(struct probes *p, char *path, size_t size)
{
	struct stat st = {0};
	if (p->cgroup)
		snprintf(path, size, "%s", p->cgroup);
	else if (!cgroup_mount(path, size))
		snprintf(path, size, "no cgroup2 mount");
	if (stat(path, &st) == -1)
		st = (struct stat){0};
	p->cgroup_dev = st.st_dev;
	p->cgroup_ino = st.st_ino;
	return cgroup_open(path);
}

/* Not where another's program would be lifted, or holds it. */
static void attach_hook(struct probe *probe, const struct hook *h, int fd, const char *path)
{
	struct holder by;
	if (holder_find(h->prog, fd, &by))
		holder_words(&by, probe->why, sizeof probe->why);
	else
		probe_attached(probe, bpf_program__attach_cgroup(h->prog, fd), h->link, path);
}

/* Those of a probe are all attached, or it is not. */
static void attach(struct probes *p, unsigned first, unsigned end)
{
	struct hook hooks[HOOKS];
	char path[256];
	list_hooks(p->datagrams, hooks);
	const int fd = open_cgroup(p, path, sizeof path), error = errno;
	for (unsigned i = first; i < end; i++) {
		struct probe *probe = &p->probe[hooks[i].probe];
		if (fd == -1)
			snprintf(probe->why, sizeof probe->why, "%.120s: %s", path, cgroup_error(error));
		else if (bpf_program__fd(hooks[i].prog) >= 0)
			attach_hook(probe, &hooks[i], fd, path);
	}
	for (unsigned i = first; i < end; i++)
		if (!*hooks[i].link)
			p->probe[hooks[i].probe].attached = false;
	if (fd != -1)
		close(fd);
}

static void detach(struct probes *p, unsigned first, unsigned end)
{
	struct hook hooks[HOOKS];
	list_hooks(p->datagrams, hooks);
	for (unsigned i = first; i < end; i++) {
		bpf_link__destroy(*hooks[i].link);
		*hooks[i].link = NULL;
		p->probe[hooks[i].probe].attached = false;
	}
}

/* ---- packets ---- */

/* What the kernel did not take keeps its reason. */
static void rest(struct probes *p)
{
	struct hook hooks[HOOKS];
	list_hooks(p->datagrams, hooks);
	for (unsigned i = HOOKS_TELLING; i < HOOKS; i++) {
		struct probe *probe = &p->probe[hooks[i].probe];
		probe->unwanted = bpf_program__fd(hooks[i].prog) >= 0;
		if (probe->unwanted)
			snprintf(probe->why, sizeof probe->why, "nobody sends datagrams to a watched address");
	}
}

/* Both or none: requests without their answers would look like silence. */
static bool look(struct probes *p)
{
	attach(p, HOOKS_TELLING, HOOKS);
	if (p->probe[PROBE_OUT].attached && p->probe[PROBE_IN].attached)
		return true;
	detach(p, HOOKS_TELLING, HOOKS);
	return false;
}

/* Once, until it works again. */
static void tell(struct probes *p)
{
	for (unsigned i = PROBE_OUT; !p->packets && !p->packets_told && i <= PROBE_IN; i++)
		if (*p->probe[i].why)
			note(NULL, "%s: not attached: %s", p->probe[i].name, p->probe[i].why);
	p->packets_told = !p->packets;
}

void datagrams_wanted(struct probes *p)
{
	p->packets_since = tick_now();
	if (!p->datagrams || p->packets)
		return;
	p->probe[PROBE_OUT].unwanted = p->probe[PROBE_IN].unwanted = false;
	p->probe[PROBE_OUT].why[0] = p->probe[PROBE_IN].why[0] = '\0';
	p->packets = look(p);
	p->packets_missing = !p->packets;
	p->datagrams->bss->attended = true;	/* from here on requests are taken from packets, or not at all */
	tell(p);
}

static bool is_idle(const struct probes *p)
{
	const uint32_t sent = tick_at(__atomic_load_n(&p->datagrams->bss->sent, __ATOMIC_RELAXED));
	const uint32_t last = sent > p->packets_since ? sent : p->packets_since;
	return p->probe[PROBE_SEND].attached && tick_since(tick_now(), last) / TICKS_PER_S >= p->idle_s;
}

static void leave(struct probes *p)
{
	p->packets = false;
	p->datagrams->bss->attended = false;
	detach(p, HOOKS_TELLING, HOOKS);
	rest(p);
}

/* Is there a socket that is connected, or may be where that cannot be asked? */
static void look_for_sockets(struct probes *p, const struct spaces *s)
{
	const uint64_t where = p->datagrams->bss->sockets;
	if ((where && !spaces_list(s, where)) || spaces_connected(s, p))
		datagrams_wanted(p);
	else if (p->packets)
		leave(p);
}

void datagrams_hint(struct probes *p, const struct spaces *s)
{
	if (p->datagrams && !p->packets)
		look_for_sockets(p, s);
}

void datagrams_tend(struct probes *p, const struct spaces *s)
{
	if (!p->datagrams)
		return;
	const uint32_t n = p->packets_tended++;
	if (p->packets ? is_idle(p) : n % LOOK_S == 0 || p->datagrams->bss->sockets)
		look_for_sockets(p, s);
	else if (p->packets_missing && n % RETRY_S == 0)
		datagrams_wanted(p);
	p->datagrams->bss->sockets = 0;
}

void datagrams_open(struct probes *p)
{
	if (!p->datagrams)
		return;
	attach(p, 0, HOOKS_TELLING);
	if (p->probe[PROBE_SEND].attached) {
		rest(p);
	} else {
		p->packets_told = true;		/* what is missing from the start is said with all that is */
		datagrams_wanted(p);
	}
}

bool datagrams_renew(struct probes *p)
{
	struct stat st = {0};
	if (!p->datagrams || !p->cgroup)
		return false;
	if (stat(p->cgroup, &st) == -1)
		st = (struct stat){0};
	if (st.st_dev == p->cgroup_dev && st.st_ino == p->cgroup_ino)
		return false;
	detach(p, 0, HOOKS);
	attach(p, 0, p->packets ? HOOKS : HOOKS_TELLING);
	return true;
}
