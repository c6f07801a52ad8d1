/* shim-file.c: see shim-file.h. */
#include "tools/pinctl/shim-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIM "libstickydns.so"
#ifndef LIBDIR
#define LIBDIR "/usr/local/lib"
#endif

/* Where it was built, or installed: PREFIX/bin and PREFIX/lib, whatever PREFIX is. */
static bool beside_pinctl(char out[static PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n == -1)
		return false;
	self[n] = '\0';
	char *slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return (snprintf(out, PATH_MAX, "%s/" SHIM, self) < PATH_MAX && access(out, R_OK) == 0) ||
	       (snprintf(out, PATH_MAX, "%s/../lib/" SHIM, self) < PATH_MAX && access(out, R_OK) == 0);
}

int shim_find(const struct context *c, char out[static PATH_MAX])
{
	char found[PATH_MAX];
	const char *env = secure_getenv("STICKYDNS_LIB");
	if (env && *env)
		snprintf(found, sizeof found, "%s", env);
	else if (!beside_pinctl(found))
		snprintf(found, sizeof found, "%s/" SHIM, LIBDIR);
	if (!realpath(found, out) || access(out, R_OK) == -1)
		return complain(c, "no shim: %s: %s", found, strerror(errno));
	/* ld.so(8) separates the list by both and knows no quoting. */
	return strpbrk(out, ": ") ? complain(c, "the path of the shim must have no space and no colon: %s", out) : DONE;
}
