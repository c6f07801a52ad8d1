/* spaces.c: see spaces.h. */
#include "tools/pinwatch/spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "policy/table/file.h"
#include "tools/common/cmd.h"
#include "tools/pinwatch/diag.h"
#include "tools/pinwatch/icmp.h"

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
		note(NULL, "connected UDP sockets cannot be listed: %s: packets are looked at from when one is connected", strerror(errno));
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
