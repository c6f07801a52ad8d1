/* connects.c: see connects.h. */
#include "tools/pinwatch/connects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "connects.skel.h"
#include "datagrams.skel.h"
#include "policy/base/clock.h"
#include "tools/common/cmd.h"

enum { ROOT_CGROUP = 1 };	/* its inode, on every cgroup2 mount */

static struct probe *state(struct probes *p) { return &p->probe[PROBE_TCP_STATE]; }

static bool is_loaded(const struct probes *p) { return p->connects && bpf_program__fd(p->connects->progs.tcp_state) >= 0; }

/* Those that came through before the hook was there. */
static void look(const struct probes *p)
{
	char none[64];
	struct bpf_link *link = NULL;
	if (bpf_program__fd(p->connects->progs.tcp_look) >= 0)
		link = bpf_program__attach_iter(p->connects->progs.tcp_look, NULL);
	const int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	while (fd >= 0 && read(fd, none, sizeof none) > 0)
		;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
}

static bool attach(struct probes *p)
{
	state(p)->unwanted = false;
	probe_attached(state(p), bpf_program__attach(p->connects->progs.tcp_state), &p->connects->links.tcp_state, EVERYWHERE);
	return state(p)->attached;
}

/* Who connects meanwhile asks for it anew. */
static void detach(struct probes *p)
{
	p->datagrams->bss->connects_attended = false;
	bpf_link__destroy(p->connects->links.tcp_state);
	p->connects->links.tcp_state = NULL;
	state(p)->attached = false;
	state(p)->unwanted = true;
	snprintf(state(p)->why, sizeof state(p)->why, "nobody connects to a watched address");
}

/* Once, until it works again. */
static void say(struct probes *p, bool works)
{
	if (!works && !p->connects_told)
		note(NULL, "%s: not attached: %s", state(p)->name, state(p)->why);
	p->connects_told = !works;
}

void connects_wanted(struct probes *p)
{
	p->connects_since = tick_now();
	if (!p->connects_on_demand || state(p)->attached)
		return;
	say(p, attach(p));
	p->datagrams->bss->connects_attended = state(p)->attached;
	if (state(p)->attached)
		look(p);
}

void connects_tend(struct probes *p)
{
	if (!p->connects_on_demand || !state(p)->attached)
		return;
	const uint32_t begun = tick_at(__atomic_load_n(&p->datagrams->bss->connected_tcp, __ATOMIC_RELAXED));
	const uint32_t last = begun > p->connects_since ? begun : p->connects_since;
	const uint32_t idle_s = p->idle_s < CONNECTS_IDLE_S ? p->idle_s : CONNECTS_IDLE_S;
	if (tick_since(tick_now(), last) / TICKS_PER_S >= idle_s)
		detach(p);
}

static void attach_failures(struct probes *p)
{
	struct connects_bpf *w = p->connects;
	const struct {
		enum probe_id probe;
		struct bpf_program *prog;
		struct bpf_link **link;
	} failures[] = {
		{PROBE_TCP_RESET, w->progs.tcp_reset, &w->links.tcp_reset},
		{PROBE_TCP_RETRANSMIT, w->progs.tcp_retransmit, &w->links.tcp_retransmit},
		{PROBE_ERROR, w->progs.socket_error, &w->links.socket_error},
	};
	for (unsigned i = 0; i < sizeof failures / sizeof *failures; i++)
		if (bpf_program__fd(failures[i].prog) >= 0)
			probe_attached(&p->probe[failures[i].probe], bpf_program__attach(failures[i].prog), failures[i].link,
				       EVERYWHERE);
}

void connects_open(struct probes *p, bool always)
{
	if (p->connects)
		attach_failures(p);
	if (!is_loaded(p))
		return;
	p->connects_on_demand = !always && p->probe[PROBE_SEND].attached && p->cgroup_ino == ROOT_CGROUP;
	if (p->connects_on_demand)
		detach(p);
	else
		attach(p);
}
