/* cgroup.h: where the cgroups are. */
#ifndef STICKYDNS_PINWATCH_CGROUP_H
#define STICKYDNS_PINWATCH_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/* The first cgroup2 mount that /proc/self/mountinfo shows (proc(5), cgroups(7)). False: there is none. */
bool cgroup_mount(char *out, size_t size);

#endif
