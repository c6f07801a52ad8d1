/*
 * steered: what pinwatch steer costs its programs on the way to those that are not steered.
 *
 *	steered PINWATCH TABLE CGROUP BARE
 *
 * As root, on loopback. CGROUP and BARE are cgroups that lie beside each other; the
 * programs that steer are on the first. A socket is its cgroup's where it was made, so
 * this process goes to and fro between them from sample to sample. TABLE has a name
 * with a pin, so that it leads somewhere; what is connected to here is none of its
 * endpoints.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "tests/bench/pinwatch.h"
#include "tests/bench/rounds.h"

enum { PORT = 25062, ROUNDS = 400, ROUND_PAIRS = 101 };

static const char *cgroup[WAYS];

static void go_to(const char *path)
{
	char procs[512];
	snprintf(procs, sizeof procs, "%s/cgroup.procs", path);
	int fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, "0", 1) != 1)
		broken("%s: %s", procs, strerror(errno));
	close(fd);
}

static uint64_t run_tcp(void *arg, enum way way, size_t n)
{
	go_to(cgroup[way]);
	return timed(arg, n, tcp_round);
}

int main(int argc, char **argv)
{
	struct rounds r;
	if (argc != 5)
		return 2;
	cgroup[OURS] = argv[3];
	cgroup[BARE] = argv[4];
	rounds_open(&r, PORT);
	pid_t pid = pinwatch_start((const char *const[]){argv[1], "steer", "--table", argv[2], "--cgroup", argv[3], NULL});
	measure(&(struct row){"connect, accept, close, pinwatch steer", BOUND_NONE, 0, run_tcp, &r, ROUNDS, ROUND_PAIRS});
	pinwatch_stop(pid);
	rounds_close(&r);
	return 0;
}
