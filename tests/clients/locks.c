/*
 * locks: locks its memory as a realtime daemon does, then looks a name up and connects.
 *
 *	locks HOST PORT [thread]
 *
 * With "thread" another thread is there meanwhile. Prints "mlockall ERRNO", "map ERRNO" of 4 MiB that it maps after that,
 * and "connect ADDRESS ERRNO"; 0 where all is well.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *error_of(int failed) { return failed ? strerrorname_np(errno) : "0"; }

static void *waits(void *arg)
{
	pause();
	return arg;
}

int main(int argc, char **argv)
{
	static char stack[1 << 17];
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	char text[INET_ADDRSTRLEN];
	pthread_attr_t attr;
	pthread_t thread;
	if (argc < 3)
		return 2;
	pthread_attr_init(&attr);
	if (argc > 3 && (pthread_attr_setstack(&attr, stack, sizeof stack) != 0 || pthread_create(&thread, &attr, waits, NULL) != 0))
		return 2;
	int r = mlockall(MCL_CURRENT | MCL_FUTURE);
	printf("mlockall %s\n", error_of(r == -1));
	void *p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("map %s\n", error_of(p == MAP_FAILED));
	if (getaddrinfo(argv[1], argv[2], &hints, &list) != 0)
		return 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	r = connect(fd, list->ai_addr, list->ai_addrlen);
	inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr, text, sizeof text);
	printf("connect %s %s\n", text, error_of(r == -1));
	return 0;
}
