/* file-stamp.c: see file-stamp.h. */
#include "tools/common/file-stamp.h"

#include <sys/stat.h>

bool file_changed(const char *path, struct file_stamp *stamp)
{
	struct stat st;
	struct file_stamp now = {0};
	if (stat(path, &st) == 0)
		now = (struct file_stamp){st.st_dev, st.st_ino, st.st_size, st.st_ctim};
	const bool same = now.device == stamp->device && now.inode == stamp->inode && now.size == stamp->size &&
			  now.changed.tv_sec == stamp->changed.tv_sec && now.changed.tv_nsec == stamp->changed.tv_nsec;
	*stamp = now;
	return !same;
}
