/*
 * spawn: children by vfork and posix_spawn close the parent's sockets.
 *
 *	spawn HOST PORT TIMES
 *
 * The parent looks HOST up, begins a non-blocking connect, and TIMES times has
 * a child (vfork, then posix_spawn with file actions, in turn) close its copy
 * of that socket and everything above it, and run true(1). Then it takes the
 * outcome by poll and SO_ERROR and prints it; last, the first address of one
 * more lookup.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *const child_argv[] = { (char[]){ "true" }, NULL };

static void by_vfork(int fd)
{
	pid_t pid = vfork();
	if (pid == 0) {
		close(fd);
		dup2(STDIN_FILENO, fd);
		closefrom(fd);
		execv("/bin/true", child_argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static void by_posix_spawn(int fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, fd);
	posix_spawn_file_actions_addclosefrom_np(&actions, fd);
	pid_t pid;
	if (posix_spawn(&pid, "/bin/true", &actions, NULL, child_argv, environ) == 0)
		waitpid(pid, NULL, 0);
	posix_spawn_file_actions_destroy(&actions);
}

static struct addrinfo *look_up(char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	int rc = getaddrinfo(argv[1], argv[2], &hints, &list);
	if (rc != 0) {
		printf("%s\n", gai_strerror(rc));
		exit(1);
	}
	char text[NI_MAXHOST];
	getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
	puts(text);
	return list;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	struct addrinfo *a = look_up(argv);
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int error = connect(fd, a->ai_addr, a->ai_addrlen) == -1 ? errno : 0;
	for (int i = 0; i < atoi(argv[3]); i++)
		i % 2 ? by_posix_spawn(fd) : by_vfork(fd);
	if (error == EINPROGRESS) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		socklen_t len = sizeof error;
		poll(&p, 1, 60000);
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	printf("%s\n", strerrorname_np(error));
	freeaddrinfo(a);
	freeaddrinfo(look_up(argv));
	close(fd);
	return 0;
}
