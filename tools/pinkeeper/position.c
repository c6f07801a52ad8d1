/* position.c: see position.h. */
#include "tools/pinkeeper/position.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the file has: which table it is about, and where its reader stands. */
struct position {
	uint64_t device, inode, seed, seq;
};

/* The open file, or -1. */
static int file(void)
{
	static int fd = -2;
	char path[TABLE_PATH];
	if (fd != -2)
		return fd;
	const char *directory = getenv("RUNTIME_DIRECTORY");
	fd = -1;
	if (directory && *directory == '/' && snprintf(path, sizeof path, "%s/position", directory) < (int)sizeof path)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd;
}

static struct position about(const struct table *t, uint64_t seq)
{
	return (struct position){t->device, t->inode, t->seed, seq};
}

uint64_t position_of(const struct table *t, uint64_t otherwise)
{
	const struct position want = about(t, 0);
	struct position p;
	if (pread(file(), &p, sizeof p, 0) != sizeof p || p.device != want.device || p.inode != want.inode || p.seed != want.seed)
		return otherwise;
	return p.seq;
}

void position_keep(const struct table *t, uint64_t seq)
{
	const struct position p = about(t, seq);
	if (pwrite(file(), &p, sizeof p, 0) != sizeof p)
		return;
}
