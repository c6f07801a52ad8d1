/*
 * pinwatch.h: starts and ends pinwatch, for the bench programs that measure what it costs.
 *
 * It is ready when it says so (sd_notify(3)); what does not go as it should is broken().
 */
#ifndef STICKYDNS_BENCH_PINWATCH_H
#define STICKYDNS_BENCH_PINWATCH_H

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"

enum { WAIT_S = 5 };

static inline int manager(char path[static 64])
{
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = WAIT_S};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(path, 64, "/tmp/stickydns-bench-%d", (int)getpid());
	memcpy(here.sun_path, path, 64);
	unlink(path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&here, sizeof here) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
		broken("no socket: %s", strerror(errno));
	return fd;
}

/* argv[0] is its path; the last one NULL. */
static inline pid_t pinwatch_start(const char *const *argv)
{
	char path[64], said[64] = "";
	int fd = manager(path);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		setenv("NOTIFY_SOCKET", path, 1);
		setenv("RUNTIME_DIRECTORY", "/tmp", 1);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	ssize_t n = recv(fd, said, sizeof said - 1, 0);
	if (pid == -1 || n == -1 || strncmp(said, "READY=1", 7) != 0)
		broken("%s does not get ready", argv[0]);
	close(fd);
	unlink(path);
	return pid;
}

static inline void pinwatch_stop(pid_t pid)
{
	int status;
	if (kill(pid, SIGTERM) == -1 || waitpid(pid, &status, 0) == -1 || status != 0)
		broken("pinwatch does not end well");
}

#endif
