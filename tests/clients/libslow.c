/*
 * libslow: listen takes half a second longer, and sendto comes back 0.1 s later, which a busy machine may do to them
 * at any time.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

int listen(int fd, int backlog)
{
	nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
	return (int)syscall(SYS_listen, fd, backlog);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr, socklen_t addrlen)
{
	ssize_t r = syscall(SYS_sendto, fd, buf, len, flags, addr, addrlen);
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	return r;
}
