/* clock.c: see clock.h. */
#include "policy/base/clock.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/lib-names.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int (*now_clock)(clockid_t clock, struct timespec *ts) = clock_gettime;
int64_t now_offset_ns;

/* libc itself is asked for its own, whoever stands before it. It stays loaded anyway. */
static void find_clock(void)
{
	void *libc = dlopen(LIBC_SO, RTLD_LAZY | RTLD_NOLOAD), *own = libc ? dlsym(libc, "clock_gettime") : NULL;
	if (own)
		memcpy(&now_clock, &own, sizeof now_clock);
	if (libc)
		dlclose(libc);
}

/* "monotonic  86400  0": seconds and nanoseconds. Without such a file there are no time namespaces. */
static int64_t read_offset(void)
{
	char text[256], *at, *end;
	const int fd = open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
	if (fd != -1)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (!(at = strstr(text, "monotonic")))
		return 0;
	const long long s = strtoll(at + strlen("monotonic"), &end, 10);
	return (int64_t)s * NS_PER_S + strtoll(end, NULL, 10);
}

void now_start(void)
{
	find_clock();
	now_offset_ns = read_offset();
}
