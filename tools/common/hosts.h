/*
 * hosts.h: the names in /etc/hosts.
 *
 * libc asks that file before DNS. What DNS says of a name that stands there is no account of what programs get.
 */
#ifndef STICKYDNS_HOSTS_H
#define STICKYDNS_HOSTS_H

#include <stdbool.h>

#include "policy/base/name.h"
#include "tools/common/file-stamp.h"

/* Begin with zeros. */
struct hosts {
	void *names;			/* tsearch(3) */
	struct file_stamp stamp;
};

/* Reads the file if it has changed. One that cannot be read has no names. */
void hosts_update(struct hosts *h);

/* Does a line have the name, for either family? */
bool hosts_have(const struct hosts *h, const struct name *n);

void hosts_free(struct hosts *h);

#endif
