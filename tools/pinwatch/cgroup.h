/* cgroup.h: where the cgroups are. */
#ifndef STICKYDNS_PINWATCH_CGROUP_H
#define STICKYDNS_PINWATCH_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/* The first cgroup2 mount that /proc/self/mountinfo shows (proc(5), cgroups(7)). False: there is none. */
bool cgroup_mount(char *out, size_t size);

/* Is this process in the cgroup that has this directory, or below it? True when that cannot be known. */
bool cgroup_has_us(const char *directory);

#endif
