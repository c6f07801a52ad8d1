/* file-stamp.h: has a file changed since it was looked at last? Also when another one was put in its place. */
#ifndef STICKYDNS_FILE_STAMP_H
#define STICKYDNS_FILE_STAMP_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* Begin with zeros: that is a file that is not there. */
struct file_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/* One stat(2). True: it is another one than *stamp tells, or was changed; *stamp is as it is now. */
bool file_changed(const char *path, struct file_stamp *stamp);

#endif
