/* pending.c: see pending.h. */
#include "shim/tcp/pending.h"

#include <unistd.h>

#include "shim/core/chunks.h"
#include "shim/core/session.h"

enum { CHUNK = 512 };			/* descriptors */

static struct flow first[CHUNK];
static chunk chunks[FDS / CHUNK] = {first};
static _Atomic int pending_count;
static _Atomic int highest;		/* no fd above was ever pending */

/* Where it is kept, or would be. */
static struct flow *flow_at(int fd)
{
	static struct flow nothing;	/* no fd's; nobody writes it */
	struct flow *all = (unsigned)fd < FDS ? chunk_at(&chunks[fd / CHUNK]) : NULL;
	return all ? &all[fd % CHUNK] : &nothing;
}

bool pending_mine(int fd) { return fd_class(fd) == FD_PENDING && flow_at(fd)->pid == getpid(); }

const struct flow *pending_flow(int fd) { return flow_at(fd); }

void pending_add(int fd, const struct flow *fl)
{
	if ((unsigned)fd >= FDS || pending_mine(fd) || !chunk_made(&chunks[fd / CHUNK], CHUNK * sizeof *fl))
		return;
	*flow_at(fd) = *fl;
	atomic_fetch_add_explicit(&pending_count, 1, memory_order_relaxed);
	int last = atomic_load_explicit(&highest, memory_order_relaxed);
	while (last < fd && !atomic_compare_exchange_weak(&highest, &last, fd))
		;
	fd_set_class(fd, FD_PENDING);
}

bool pending_take(int fd, enum fd_class next, struct flow *out)
{
	*out = *flow_at(fd);
	if (!pending_mine(fd) || !fd_change_class(fd, FD_PENDING, next))
		return false;
	atomic_fetch_sub_explicit(&pending_count, 1, memory_order_relaxed);
	return true;
}

void pending_forget(int fd)
{
	struct flow fl;
	const bool parents = flow_at(fd)->pid == session_pid();	/* whose memory this is */
	if (!pending_take(fd, FD_UNKNOWN, &fl) && !parents && fd_change_class(fd, FD_PENDING, FD_UNKNOWN))
		atomic_fetch_sub_explicit(&pending_count, 1, memory_order_relaxed);
}

struct pending_walk pending_of(pid_t pid)
{
	return (struct pending_walk){.left = atomic_load_explicit(&pending_count, memory_order_relaxed), .pid = pid};
}

struct pending_walk pending_all(void)
{
	struct pending_walk w = pending_of(0);
	w.pid = w.left > 0 ? getpid() : 0;
	return w;
}

int pending_next(struct pending_walk *w)
{
	const int last = atomic_load_explicit(&highest, memory_order_relaxed);
	while (w->left > 0 && w->next <= last) {
		const int fd = w->next++;
		if (fd_class(fd) != FD_PENDING || flow_at(fd)->pid != w->pid)
			continue;
		w->left--;
		return fd;
	}
	return -1;
}
