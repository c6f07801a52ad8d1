/* listen.h: a socket that listens at an address and port, or at a path. */
#ifndef STICKYDNS_LISTEN_H
#define STICKYDNS_LISTEN_H

#include <sys/types.h>

#include "tools/common/conf-keeper.h"

/* Where it listens. A path belongs to it while these are the file's. */
struct listening {
	char place[PLACE_TEXT];
	dev_t device;
	ino_t inode;
};

/*
 * Listen at "IP:PORT", or at an absolute path: owner and group may connect there (mode 0660). A socket file that nobody listens
 * on is replaced; no other file is. The descriptor (not blocking, close-on-exec), or -1 and errno: EADDRINUSE, somebody
 * listens there; EEXIST, a file that is no socket is there.
 */
int listen_at(const char *place, struct listening *out);

/* Remove the file, if it is still that socket's. */
void listen_end(const struct listening *l);

#endif
