/*
 * changeover: is disturbed just while the shim goes over to a table that replaced its own.
 *
 *	changeover fork|cancel|jump HOST ADDRESS
 *
 * Looks HOST up, prints "ready" and waits for a line on stdin, within which the test replaces the table. Then it looks
 * up again, and when the new table is opened (the open(2) that the shim calls is ours):
 *
 *	fork     another thread forks; the child goes on
 *	cancel   the thread is cancelled (pthread_cancel(3))
 *	jump     a signal comes, whose handler jumps out of it all (siglongjmp(3))
 *
 * After that HOST is looked up until ADDRESS is its first address, for 5 s at most. Prints what was first last.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *how, *host;
static volatile int armed;
static sem_t inside, forked;
static sigjmp_buf out;

static void disturb(void)
{
	armed = 0;
	if (strcmp(how, "fork") == 0) {
		sem_post(&inside);
		sem_wait(&forked);
	} else if (strcmp(how, "cancel") == 0) {
		pthread_cancel(pthread_self());
	} else {
		raise(SIGUSR1);
	}
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	const char *table = getenv("STICKYDNS_TABLE");
	if (armed && table && strcmp(path, table) == 0)
		disturb();
	return openat(AT_FDCWD, path, flags, mode);
}

static void first(char text[static NI_MAXHOST])
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	strcpy(text, "none");
	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return;
	getnameinfo(list->ai_addr, list->ai_addrlen, text, NI_MAXHOST, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(list);
}

static void *look_up(void *arg)
{
	char text[NI_MAXHOST];
	armed = 1;
	first(text);
	return arg;
}

static void on_signal(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static int until(const char *address)
{
	char text[NI_MAXHOST];
	int tries = 100;
	do {
		usleep(50000);
		first(text);
	} while (strcmp(text, address) != 0 && --tries > 0);
	puts(text);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	char before[NI_MAXHOST], line[80];
	pthread_t thread;
	if (argc != 4)
		return 2;
	how = argv[1];
	host = argv[2];
	first(before);
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return 2;
	if (strcmp(how, "jump") == 0) {
		signal(SIGUSR1, on_signal);
		if (sigsetjmp(out, 1) == 0)
			look_up(NULL);
		return until(argv[3]);
	}
	pthread_create(&thread, NULL, look_up, NULL);
	if (strcmp(how, "fork") == 0) {
		sem_wait(&inside);
		pid_t pid = fork();
		if (pid == 0)
			_exit(until(argv[3]));
		sem_post(&forked);
		waitpid(pid, NULL, 0);
	}
	pthread_join(thread, NULL);
	return strcmp(how, "fork") == 0 ? 0 : until(argv[3]);
}
