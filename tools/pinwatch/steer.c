/* steer.c: see steer.h. */
#include "tools/pinwatch/steer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "steer.skel.h"
#include "tools/common/cgroup.h"

/* libbpf's own words are many lines, for its developers; errno is for everybody. */
static int silent(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level, (void)format, (void)ap;
	return 0;
}

static int load(struct steering *s, bool reads)
{
	s->reads = reads;
	s->programs = steer_bpf__open();
	if (!s->programs)
		return errno;
	s->programs->rodata->may_read = reads;
	int error = -steer_bpf__load(s->programs);
	if (error)
		steering_close(s);
	return error;
}

bool steering_load(struct steering *s)
{
	libbpf_set_print(silent);
	int error = load(s, true);
	if (error && load(s, false) != 0)
		return errno = error, false;
	return true;
}

/* ---- who is there ---- */

bool steering_held(struct steering *s, int fd)
{
	struct steer_bpf *programs = s->programs ? s->programs : steer_bpf__open();
	struct bpf_program *prog;
	bool held = false;
	s->holder = (struct holder){0};
	if (!programs)
		return false;
	bpf_object__for_each_program(prog, programs->obj)
		if (!held)
			held = holder_find(prog, fd, &s->holder);
	if (!s->programs)
		steer_bpf__destroy(programs);
	return held;
}

/* ---- attaching ---- */

static bool attach_all(struct steering *s, int fd)
{
	struct bpf_program *prog;
	bpf_object__for_each_program(prog, s->programs->obj) {
		struct bpf_link *link = s->links < STEERING_HOOKS ? bpf_program__attach_cgroup(prog, fd) : NULL;
		s->failed = bpf_program__section_name(prog);
		if (!link)
			return false;
		s->link[s->links++] = link;
	}
	return true;
}

/* One that comes while we attach is found by the second look. */
bool steering_attach(struct steering *s, int fd)
{
	if (steering_held(s, fd))
		return false;
	const bool all = attach_all(s, fd);
	const int error = errno;
	if (!steering_held(s, fd) && all)
		return true;
	steering_detach(s);
	errno = error;
	return false;
}

void steering_detach(struct steering *s)
{
	while (s->links > 0)
		bpf_link__destroy(s->link[--s->links]);
}

void steering_leave_to_shim(struct steering *s, const char *table)
{
	struct stat st;
	if (!s->programs)
		return;
	const bool there = table && stat(table, &st) == 0;
	s->programs->bss->table_device = there ? major(st.st_dev) << 20 | minor(st.st_dev) : 0;
	s->programs->bss->table_inode = there ? st.st_ino : 0;
}

int steering_map(const struct steering *s) { return s->programs ? bpf_map__fd(s->programs->maps.steered) : -1; }

void steering_counts(const struct steering *s, uint64_t *connects, uint64_t *datagrams)
{
	*connects = s->programs ? __atomic_load_n((const uint64_t *)&s->programs->bss->connects, __ATOMIC_RELAXED) : 0;
	*datagrams = s->programs ? __atomic_load_n((const uint64_t *)&s->programs->bss->datagrams, __ATOMIC_RELAXED) : 0;
}

void steering_close(struct steering *s)
{
	steering_detach(s);
	steer_bpf__destroy(s->programs);
	s->programs = NULL;
}

/* ---- the cgroup ---- */

void hold_close(struct hold *h)
{
	if (h->fd != -1)
		close(h->fd);
	if (h->lock != -1)
		close(h->lock);
	h->fd = h->lock = -1;
}

bool hold_take(struct hold *h)
{
	h->lock = cgroup_lock(h->cgroup);
	if (h->lock == -1)
		return false;
	h->fd = cgroup_open(h->cgroup);
	return h->fd != -1;
}

static void say(const struct hold *h, bool same, const struct steering *s, const struct context *c)
{
	char words[PATH_MAX];
	holder_words(&s->holder, words, sizeof words);
	if (h->state == HOLD_LEFT)
		note(c, "%s: %s: nothing is steered until it is gone", h->cgroup, words);
	else if (h->state == HOLD_GONE)
		note(c, "%s: was removed: nothing is steered until it is made again", h->cgroup);
	else
		note(c, "%s: %s steered", h->cgroup, same ? "nobody holds it any more: it is" : "was made again, and is");
}

static enum hold_state take(struct hold *h, bool same, struct steering *s)
{
	if (!same && !hold_take(h))
		return HOLD_GONE;
	if (steering_attach(s, h->fd))
		return HOLD_STEERED;
	return s->holder.id ? HOLD_LEFT : HOLD_GONE;
}

void hold_look(struct hold *h, struct steering *s, const struct context *c)
{
	const enum hold_state before = h->state;
	const bool same = h->fd != -1 && cgroup_is(h->cgroup, h->fd);
	if (same && before == HOLD_STEERED && !steering_held(s, h->fd))
		return;
	steering_detach(s);
	if (!same)
		hold_close(h);
	h->state = take(h, same, s);
	if (h->state != before || (!same && h->state == HOLD_STEERED))
		say(h, same, s, c);
}
