/*
 * cancelled: a thread that is to be cancelled (pthread_cancel(3)) asks how its connect went.
 *
 *	cancelled ADDRESS PORT
 *
 * getsockopt(2) is no cancellation point (pthreads(7)), so it returns. Prints "got ERRNO", or "cancelled".
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int fd;

static void *ask(void *arg)
{
	static int error;
	socklen_t len = sizeof error;
	(void)arg;
	pthread_cancel(pthread_self());
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return &error;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])) };
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fd, (void *)&to, sizeof to);
	poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 5000);
	pthread_t thread;
	void *result;
	pthread_create(&thread, NULL, ask, NULL);
	pthread_join(thread, &result);
	if (result == PTHREAD_CANCELED)
		puts("cancelled");
	else
		printf("got %s\n", strerrorname_np(*(int *)result));
	return 0;
}
