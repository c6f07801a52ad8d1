/* libslow: listen takes half a second longer, which a busy machine may do to it at any time. */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int listen(int fd, int backlog)
{
	nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
	return (int)syscall(SYS_listen, fd, backlog);
}
