/* locked.c: see locked.h. */
#include "shim/core/locked.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/core/libc.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/undisturbed.h"

/* How much is mapped, as the kernel counts it: the first number of statm, in pages (proc_pid_statm(5)). 0: not known. */
static size_t mapped(void)
{
	char text[32] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	const ssize_t n = real()->read(fd, text, sizeof text - 1);
	real()->close(fd);
	return n > 0 ? (size_t)strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

/* RLIMIT_MEMLOCK means nothing to those who have CAP_IPC_LOCK. */
static bool unlimited(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
	return syscall(SYS_capget, &h, d) == 0 && (d[0].effective & 1u << CAP_IPC_LOCK);
}

/* Gives back what has to be for all the rest to fit. False: nothing was, since that would not help. */
static bool make_room(void)
{
	struct rlimit limit;
	const size_t all = mapped(), table = session_size(), more = shared_size();
	if (!all || getrlimit(RLIMIT_MEMLOCK, &limit) == -1 || all - table - more > limit.rlim_cur)
		return false;
	session_let_go();
	if (all - table > limit.rlim_cur)
		shared_let_go();
	return true;
}

/* What is locked counts against what the program maps later. */
static void leave_room(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == -1 || limit.rlim_cur == RLIM_INFINITY || unlimited())
		return;
	session_unlock();
	shared_unlock();
}

int locked_all(int flags)
{
	int r = real()->mlockall(flags), saved = errno;
	const int cancel = cancel_defer();
	if (r == -1 && saved == ENOMEM && __libc_single_threaded && make_room()) {
		r = real()->mlockall(flags);
		saved = errno;
	}
	if (r == 0)
		leave_room();
	cancel_allow(cancel);
	errno = saved;
	return r;
}
