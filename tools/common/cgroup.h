/*
 * cgroup.h: control groups (cgroups(7), version 2): where they are, and which pinwatch serves one.
 *
 * pinwatch steer keeps a write lock (F_OFD_SETLK, fcntl(2)) on cgroup.procs of its
 * cgroup. There is one lock for each cgroup, and anybody can ask who has it.
 */
#ifndef STICKYDNS_CGROUP_H
#define STICKYDNS_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* The first cgroup2 mount that /proc/self/mountinfo shows (proc(5), cgroups(7)). False: there is none. */
bool cgroup_mount(char *out, size_t size);

/* A word as a path: as it is if it begins with a slash, else below the mount. False: no mount, or too long. */
bool cgroup_path(const char *word, char out[static PATH_MAX]);

/* Make the cgroup, if there is none: *made. False: errno tells; ENOTDIR: there is something else. */
bool cgroup_make(const char *path, bool *made);

/* Open its directory. -1: errno tells; ENOTDIR: there is something else. */
int cgroup_open(const char *path);

/* errno of the two, in words. */
const char *cgroup_error(int error);

/* Is the one open at `fd` still what the path leads to? Not after it was removed, and perhaps made again. */
bool cgroup_is(const char *path, int fd);

/* Move this process there. False: errno tells. */
bool cgroup_join(const char *path);

/* Is it, or one above it, steered? Then `by` is that one's path. */
bool cgroup_steered(const char *path, char by[static PATH_MAX]);

/* Take it. The fd holds the lock; -1: somebody else does, or errno tells. */
int cgroup_lock(const char *path);

/* Is this process in the cgroup that has this directory, or below it? True when that cannot be known. */
bool cgroup_has_us(const char *directory);

#endif
