/*
 * confined.h: what stands between a process and the library or the table: how it was started, its container or sandbox
 * (proc(5), namespaces(7), systemd.exec(5)).
 */
#ifndef STICKYDNS_CONFINED_H
#define STICKYDNS_CONFINED_H

#include <stdbool.h>
#include <sys/types.h>

struct confined {
	bool secure;			/* set-id or the like, when it was started: the loader ignored LD_PRELOAD (AT_SECURE, getauxval(3)) */
	bool container;			/* another root directory or other process numbers than ours */
	bool other_network;		/* another network namespace than ours */
	bool seccomp;			/* a filter of system calls (seccomp(2)) */
	char unit[128];			/* of systemd: "kamailio.service"; "" */
};

/* What cannot be seen is as with us. */
void confined_of(pid_t pid, struct confined *out);

/* In that process's file system: is `path` there? Is it on a mount that may only be read? */
bool confined_has(pid_t pid, const char *path);
bool confined_reads_only(pid_t pid, const char *path);

#endif
