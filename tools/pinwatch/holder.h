/*
 * holder.h: the programs of other tools that are attached to a cgroup where ours are to be.
 *
 * Ours are attached with BPF_F_ALLOW_MULTI: beside others with this flag, each is run. A
 * program without it, on the cgroup or above, is another matter (bpf(2),
 * kernel/bpf/cgroup.c). With BPF_F_ALLOW_OVERRIDE it would no longer run where ours is, and
 * nobody would hear of it. Without either flag the kernel refuses ours, with EPERM. So we
 * look first, and again once a second: the kernel lets such a program come later, and then
 * runs ours in place of it. What is attached above the cgroups that this process sees
 * (cgroup_namespaces(7)) is not found.
 */
#ifndef STICKYDNS_PINWATCH_HOLDER_H
#define STICKYDNS_PINWATCH_HOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_program;

struct holder {
	uint32_t id;			/* of its program; 0: nobody */
	char name[16];			/* empty: not known, which takes CAP_SYS_ADMIN */
	char cgroup[PATH_MAX];		/* that it is attached to */
	char hook[24];			/* as its section is called: cgroup/connect4 */
	bool lifted;			/* it would be; else nothing can be attached */
};

/*
 * Who holds the hook of *prog, for the cgroup open at `fd`? *prog itself, where it is
 * attached, does not count. False: nobody, or it cannot be asked (without CAP_NET_ADMIN).
 */
bool holder_find(const struct bpf_program *prog, int fd, struct holder *out);

/* "program 12 (deny) has cgroup/connect4 of /sys/fs/cgroup/x ...". */
void holder_words(const struct holder *h, char *out, size_t size);

#endif
