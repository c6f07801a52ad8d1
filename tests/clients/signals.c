/*
 * signals: resolve and connect in a signal handler that interrupts the same.
 *
 *	signals HOST PORT SECONDS LIBRARY	for so long, and until 20 signals came while LIBRARY was at work
 *
 * A timer fires 30 us after its handler last returned. The handler does what POSIX allows at any moment
 * (socket, connect, getsockopt, close); and when the interrupted instruction
 * lies within LIBRARY (the shim: then nothing of libc's is half done), it
 * also looks HOST up, which libc alone could not stand anywhere else.
 *
 * Prints the first address of a last lookup in the clear, and to stderr how
 * often the handler ran and how often it met the library.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static const char *host, *port;
static struct sockaddr_in target;
static unsigned long low, high;
static volatile unsigned long runs, met, failed;
static volatile sig_atomic_t over;
static timer_t timer;

static bool first_address(char out[static NI_MAXHOST])
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	if (getaddrinfo(host, port, &hints, &list) != 0)
		return false;
	getnameinfo(list->ai_addr, list->ai_addrlen, out, NI_MAXHOST, NULL, 0, NI_NUMERICHOST);
	memcpy(&target, list->ai_addr, sizeof target);
	freeaddrinfo(list);
	return true;
}

static void touch_sockets(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int error;
	socklen_t len = sizeof error;
	if (connect(fd, (struct sockaddr *)&target, sizeof target) == -1)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	close(fd);
}

static unsigned long where(const ucontext_t *uc)
{
#if defined __x86_64__
	return (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
	return uc->uc_mcontext.pc;
#else
	(void)uc;
	return 0;
#endif
}

/* Once: the interrupted code gets on before the next. The length wanders, or it would meet the same code again. */
static void arm(void)
{
	struct itimerspec next = { .it_value.tv_nsec = 20000 + (long)(runs * 7919 % 20000) };
	timer_settime(timer, 0, &next, NULL);
}

static void on_timer(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info;
	int saved = errno;
	unsigned long at = where(context);
	runs++;
	if (at >= low && at < high) {
		char text[NI_MAXHOST];
		met++;
		failed += !first_address(text);
	}
	if (runs % 16 == 0)
		touch_sockets();
	if (!over)
		arm();
	errno = saved;
}

/* The address range of the library's code, from /proc/self/maps. */
static void find_library(const char *name)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], access[8];
	unsigned long from, to;
	while (f && fgets(line, sizeof line, f))
		if (strstr(line, name) && sscanf(line, "%lx-%lx %7s", &from, &to, access) == 3 && access[2] == 'x') {
			low = from;
			high = to;
		}
	if (f)
		fclose(f);
}

static void start_timer(void)
{
	struct sigaction sa = { .sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigaction(SIGRTMIN, &sa, NULL);
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	arm();
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	host = argv[1];
	port = argv[2];
	char text[NI_MAXHOST] = "none";
	first_address(text);
	find_library(argv[4]);
	start_timer();
	time_t end = time(NULL) + atoi(argv[3]);
	unsigned long rounds = 0;
	for (; time(NULL) < end || (met < 20 && time(NULL) < end + 60); rounds++) {
		failed += !first_address(text);
		for (int i = 0; i < 20; i++)
			touch_sockets();
	}
	over = 1;
	timer_settime(timer, 0, &(struct itimerspec){ 0 }, NULL);
	fprintf(stderr, "%lu rounds, %lu signals, %lu within the library, %lu failed\n", rounds, runs, met, failed);
	puts(first_address(text) ? text : "lookup failed");
	return failed != 0;
}
