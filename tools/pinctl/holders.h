/*
 * holders.h: which process has which table mapped (proc_pid_maps(5)), and whether it can go over to a new one.
 *
 * A program that has gone over keeps the old table mapped for a while, for its other threads. It holds the table that
 * is not marked as replaced. Only root is told of other users' processes.
 */
#ifndef STICKYDNS_HOLDERS_H
#define STICKYDNS_HOLDERS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "policy/table/layout.h"

struct holder {
	pid_t pid;
	char comm[COMM_BYTES];
	dev_t device;			/* of the table's file */
	ino_t inode;
	char path[PATH_MAX];		/* of it, as that process has it; of a replaced one that of its successor */
	bool gone;			/* the file was replaced or deleted since */
	bool retired;
	bool writable;			/* it is mapped so */
	uint32_t signature;		/* of its layout */
};

/* /proc/PID/WHAT (proc(5)), to read; NULL: errno tells. And what is in comm; nothing where the process has ended. */
FILE *proc_open(pid_t pid, const char *what);
void proc_comm(pid_t pid, char comm[static COMM_BYTES]);

/* The table that process `pid` holds. False: none, no such process, or we may not look. */
bool holder_of(pid_t pid, struct holder *out);

/* All of them, by table, then by process. The caller frees *out. False: no memory. */
bool holders_find(struct holder **out, size_t *n);

/* Can a process that holds `old` follow to the table that now has `path`? If not, or not wholly, `why` says so. */
enum following { FOLLOWS, ONLY_READS, IS_LEFT };
enum { WHY_TEXT = 160 };
enum following holder_follows(const struct holder *old, const char *path, char why[static WHY_TEXT]);

#endif
