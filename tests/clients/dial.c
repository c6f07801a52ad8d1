/*
 * dial: look a name up, try to connect to the first address, and give up in one
 * of the ways in which real programs give up.
 *
 *	dial MODE HOST PORT [SECONDS]
 *
 *	block        blocking, until the kernel says
 *	sndtimeo     blocking, SO_SNDTIMEO of SECONDS, then close
 *	alarm        blocking, a signal without SA_RESTART after SECONDS, then close
 *	poll         non-blocking, poll for SECONDS, SO_ERROR if it came, close
 *	exit         non-blocking, poll for SECONDS, exit without close
 *	recv         non-blocking, poll for SECONDS, recv in place of SO_ERROR, close
 *	send         non-blocking, poll for SECONDS, send in place of SO_ERROR, close
 *	reconnect    non-blocking, poll for SECONDS, a second connect, close
 *	unread       non-blocking, poll for SECONDS, close without asking how it went
 *	shutdown     non-blocking, poll for SECONDS, shutdown, close
 *	again        non-blocking, poll for SECONDS, another lookup ("again ADDRESS"), close
 *	dup2         non-blocking, poll for SECONDS, another fd is put over it
 *	bad-dup2     non-blocking, nothing is put over it, in vain, poll for SECONDS, SO_ERROR if it came, close
 *	close_range  non-blocking, poll for SECONDS, close_range
 *	child        non-blocking, poll for SECONDS, a child by fork closes its copy;
 *	             then the parent waits for a line on stdin and closes its own
 *	vfork-child  the same with a child by vfork
 *	raw-child    the same with a child by the bare system call, which no atfork handler sees
 *	thread       blocking, but looked up in one thread and connected in another
 *	udp          connect of a datagram socket, then close
 *
 * DIAL_PROTOCOL in the environment is that of socket(2); 0 takes its place where the kernel has it not.
 *
 * Prints "try ADDRESS" before the connect and "done ERRNO" (or "done 0") when
 * it gave up or got through.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct addrinfo *target;

static void *look_up_as(char **arg, const char *word)
{
	struct addrinfo hints = { .ai_socktype = strcmp(arg[1], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM };
	int rc = getaddrinfo(arg[2], arg[3], &hints, &target);
	if (rc != 0) {
		printf("lookup %s\n", gai_strerror(rc));
		exit(1);
	}
	char text[NI_MAXHOST];
	getnameinfo(target->ai_addr, target->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
	printf("%s %s\n", word, text);
	fflush(stdout);
	return NULL;
}

static void *look_up(void *argv) { return look_up_as(argv, "try"); }

static int done(int error)
{
	printf("done %s\n", strerrorname_np(error));
	fflush(stdout);
	return error != 0;
}

static int connect_now(int fd)
{
	return connect(fd, target->ai_addr, target->ai_addrlen) == -1 ? errno : 0;
}

static void on_alarm(int sig) { (void)sig; }

static int blocking(int fd, const char *mode, double seconds)
{
	struct timeval tv = { .tv_sec = (time_t)seconds,
			      .tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) };
	if (strcmp(mode, "sndtimeo") == 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	if (strcmp(mode, "alarm") == 0) {
		struct sigaction sa = { .sa_handler = on_alarm };
		sigaction(SIGALRM, &sa, NULL);
		setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = tv }, NULL);
	}
	int error = connect_now(fd);
	close(fd);
	return done(error);
}

static int so_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof error;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

/* How the program asks what became of its connect, once poll has said that it is over. */
static int ask(int fd, const char *mode)
{
	char byte = '\n';
	ssize_t r = 0;
	if (strcmp(mode, "unread") == 0)
		return 0;
	if (strcmp(mode, "recv") == 0)
		r = recv(fd, &byte, 1, 0);
	else if (strcmp(mode, "send") == 0)
		r = send(fd, &byte, 1, MSG_NOSIGNAL);
	else if (strcmp(mode, "shutdown") == 0)
		r = shutdown(fd, SHUT_RDWR);
	else if (strcmp(mode, "reconnect") == 0)
		return connect_now(fd);
	else
		return so_error(fd);
	return r == -1 ? errno : 0;
}

/* What became of a non-blocking connect within `seconds`: an errno, EINPROGRESS while it is pending. */
static int wait_for(int fd, const char *mode, double seconds)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	int error = connect_now(fd);
	if (error != EINPROGRESS)
		return error;
	if (strcmp(mode, "bad-dup2") == 0 && (dup2(-1, fd) != -1 || dup3(-1, fd, 0) != -1))
		return ENOTRECOVERABLE;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	if (poll(&p, 1, (int)(seconds * 1000)) == 1)
		error = ask(fd, mode);
	return error;
}

static void close_in_child(int fd, const char *mode)
{
	pid_t pid = mode[0] == 'v' ? vfork() : mode[0] == 'r' ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	puts("child closed");
	fflush(stdout);
	(void)!getchar();
	close(fd);
}

static int pending(int fd, char **argv, double seconds)
{
	const char *mode = argv[1];
	int error = wait_for(fd, mode, seconds);
	if (strcmp(mode, "again") == 0)
		look_up_as(argv, "again");
	if (strcmp(mode, "dup2") == 0)
		dup2(STDOUT_FILENO, fd);
	else if (strcmp(mode, "close_range") == 0)
		close_range((unsigned)fd, (unsigned)fd, 0);
	else if (strstr(mode, "child"))
		close_in_child(fd, mode);
	else if (strcmp(mode, "exit") != 0)
		close(fd);
	return done(error);
}

static int open_socket(void)
{
	const char *protocol = getenv("DIAL_PROTOCOL");
	int fd = socket(target->ai_family, target->ai_socktype, protocol ? atoi(protocol) : 0);
	return fd != -1 ? fd : socket(target->ai_family, target->ai_socktype, 0);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	const char *mode = argv[1];
	double seconds = argc > 4 ? strtod(argv[4], NULL) : 0;
	if (strcmp(mode, "thread") == 0) {
		pthread_t t;
		pthread_create(&t, NULL, look_up, argv);
		pthread_join(t, NULL);
	} else {
		look_up(argv);
	}
	int fd = open_socket();
	static const char *const plain[] = { "block", "sndtimeo", "alarm", "thread", "udp" };
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (strcmp(mode, plain[i]) == 0)
			return blocking(fd, mode, seconds);
	return pending(fd, argv, seconds);
}
