/* strangers: what calls cost on descriptors that are none of ours. See both.h. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "policy/base/clock.h"
#include "tests/bench/both.h"

/* ---- calls on one descriptor ---- */

static uint64_t run_getsockopt(void *arg, enum way way, size_t n)
{
	const int fd = *(const int *)arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		int value = 0;
		socklen_t len = sizeof value;
		calls[way].getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &len);
	}
	return bench_ns() - start;
}

static uint64_t run_read(void *arg, enum way way, size_t n)
{
	char byte;
	const int fd = *(const int *)arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		calls[way].read(fd, &byte, 1);
	return bench_ns() - start;
}

/* One byte there and back. */
static uint64_t run_write_read(void *arg, enum way way, size_t n)
{
	char byte = 'x';
	const int *pair = arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		calls[way].write(pair[0], &byte, 1);
		calls[way].read(pair[1], &byte, 1);
	}
	return bench_ns() - start;
}

static uint64_t run_send_recv(void *arg, enum way way, size_t n)
{
	char byte = 'x';
	const int *pair = arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		calls[way].send(pair[0], &byte, 1, 0);
		calls[way].recv(pair[1], &byte, 1, 0);
	}
	return bench_ns() - start;
}

/* Refused at once: nobody listens there. */
static uint64_t run_connect(void *arg, enum way way, size_t n)
{
	const struct sockaddr_un *to = arg;
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		int fd = calls[BARE].socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		calls[way].connect(fd, (const struct sockaddr *)to, sizeof *to);
		calls[BARE].close(fd);
	}
	return bench_ns() - start;
}

/* ---- close ---- */

enum { CLOSES = 200 };

/* Descriptors that the shim did not see being made. */
static void open_unseen(int fds[static CLOSES], size_t n, int from)
{
	for (size_t i = 0; i < n; i++)
		fds[i] = (int)syscall(SYS_dup, from);
}

static void open_sockets(int fds[static CLOSES], size_t n, int from)
{
	(void)from;
	for (size_t i = 0; i < n; i++)
		fds[i] = calls[OURS].socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

struct closing {
	int from;
	void (*open)(int fds[static CLOSES], size_t n, int from);
};

static uint64_t run_close(void *arg, enum way way, size_t n)
{
	const struct closing *c = arg;
	int fds[CLOSES];
	if (n > CLOSES)
		broken("too many descriptors at once");
	c->open(fds, n, c->from);
	if (fds[n - 1] == -1)
		broken("cannot open: %s", strerror(errno));
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++)
		calls[way].close(fds[i]);
	return bench_ns() - start;
}

static void bench_strangers(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		broken("socketpair: %s", strerror(errno));
	struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/nonexistent"};
	struct closing unseen = {pair[0], open_unseen}, sockets = {-1, open_sockets};
	measure(&(struct row){"getsockopt, an fd that is none of ours", BOUND_NS, 5, run_getsockopt, &pair[0], 0, 0});
	measure(&(struct row){"write and read, a UNIX socket", BOUND_NONE, 0, run_write_read, pair, 0, 0});
	measure(&(struct row){"send and recv, a UNIX socket", BOUND_NONE, 0, run_send_recv, pair, 0, 0});
	measure(&(struct row){"socket, connect, close, a UNIX socket", BOUND_NONE, 0, run_connect, &nobody, 0, 0});
	measure(&(struct row){"close, an fd that is none of ours", BOUND_NS, 5, run_close, &unseen, CLOSES, 0});
	/* No bound: 5 ns are a third of a percent of it, which is what the machine's noise comes to. */
	measure(&(struct row){"close, a UNIX socket", BOUND_NONE, 0, run_close, &sockets, CLOSES, 0});
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (zero == -1)
		broken("/dev/zero: %s", strerror(errno));
	measure(&(struct row){"read, an fd that is none of ours", BOUND_NS, 5, run_read, &zero, 0, 0});
	close(zero);
}

int main(void)
{
	begin();
	bench_strangers();
	return 0;
}
