/* holder.c: see holder.h. */
#include "tools/pinwatch/holder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { PROGRAMS_MAX = 64 };		/* of a cgroup: BPF_CGROUP_MAX_PROGS of the kernel */

_Static_assert(sizeof ((struct holder *)0)->name >= BPF_OBJ_NAME_LEN, "a name as the kernel keeps it");

/* ---- programs ---- */

static uint32_t id_of(int fd)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof info;
	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.id : 0;
}

static void name_of(uint32_t id, char *out, size_t size)
{
	struct bpf_prog_info info = {0};
	__u32 room = sizeof info;
	const int fd = bpf_prog_get_fd_by_id(id);
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &room) == 0)
		snprintf(out, size, "%s", info.name);
	if (fd >= 0)
		close(fd);
}

/* ---- cgroups ---- */

static void path_of(int fd, char *out, size_t size)
{
	char link[sizeof "/proc/self/fd/" + 3 * sizeof fd];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	const ssize_t n = readlink(link, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
}

/* -1: it is the mount's root, or not to be opened. */
static int open_above(int fd)
{
	struct statfs fs;
	const int above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above == -1 || (fstatfs(above, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC))
		return above;
	close(above);
	return -1;
}

/* ---- who ---- */

enum here { NOBODY, SIDE_BY_SIDE, HELD };

static enum here look(int fd, enum bpf_attach_type type, uint32_t own, struct holder *out, uint32_t *flags)
{
	uint32_t ids[PROGRAMS_MAX] = {0}, n = PROGRAMS_MAX;
	*flags = 0;
	if (bpf_prog_query(fd, type, 0, flags, ids, &n) != 0)
		return NOBODY;
	for (uint32_t i = 0; i < n && i < PROGRAMS_MAX; i++) {
		if (ids[i] == own)
			continue;
		out->id = ids[i];
		return *flags & BPF_F_ALLOW_MULTI ? SIDE_BY_SIDE : HELD;
	}
	return NOBODY;
}

/*
 * The nearest that has another's program decides, as in the kernel: those with
 * BPF_F_ALLOW_MULTI have themselves lifted what is above them without it.
 */
bool holder_find(const struct bpf_program *prog, int fd, struct holder *out)
{
	const uint32_t own = id_of(bpf_program__fd(prog));
	const enum bpf_attach_type type = bpf_program__expected_attach_type(prog);
	enum here here = NOBODY;
	uint32_t flags;
	*out = (struct holder){0};
	snprintf(out->hook, sizeof out->hook, "%s", bpf_program__section_name(prog));
	for (int at = fd, above; at != -1; at = above) {
		here = look(at, type, own, out, &flags);
		if (here == HELD) {
			out->lifted = at != fd && flags & BPF_F_ALLOW_OVERRIDE;
			name_of(out->id, out->name, sizeof out->name);
			path_of(at, out->cgroup, sizeof out->cgroup);
		}
		above = here == NOBODY ? open_above(at) : -1;
		if (at != fd)
			close(at);
	}
	if (here != HELD)
		out->id = 0;
	return here == HELD;
}

void holder_words(const struct holder *h, char *out, size_t size)
{
	snprintf(out, size, "program %u%s%s%s has %s of %s %s", h->id, *h->name ? " (" : "", h->name, *h->name ? ")" : "",
		 h->hook, h->cgroup,
		 h->lifted ? "with BPF_F_ALLOW_OVERRIDE, and would have to give way" :
			     "for itself, without BPF_F_ALLOW_MULTI: nothing can be attached");
}
