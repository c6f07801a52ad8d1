/*
 * cancelled: a thread is cancelled (pthread_cancel(3)) where its call must end all the same.
 *
 *	cancelled connect ADDRESS PORT
 *	cancelled dns ADDRESS NAME
 *
 * connect: it asks how its connect went. getsockopt(2) is no cancellation point (pthreads(7)), so it returns. Prints
 * "got ERRNO".
 * dns: it asks a DNS server over TCP, and reads the length of the answer. That it is to be cancelled becomes known when
 * the kernel has given it these bytes already: in an ioctl(2) that somebody else makes in the middle of read(2). Prints
 * "read 2".
 * Otherwise "cancelled".
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fd;

static void *ask(void *arg)
{
	static char text[80];
	int error;
	socklen_t len = sizeof error;
	(void)arg;
	pthread_cancel(pthread_self());
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	snprintf(text, sizeof text, "got %s", strerrorname_np(error));
	return text;
}

static volatile int reading;

int ioctl(int at, unsigned long request, ...)
{
	va_list ap;
	va_start(ap, request);
	void *argument = va_arg(ap, void *);
	va_end(ap);
	if (reading)
		pthread_cancel(pthread_self());
	return (int)syscall(SYS_ioctl, at, request, argument);
}

static void *read_length(void *arg)
{
	static char text[80];
	unsigned char two[2];
	(void)arg;
	reading = 1;
	ssize_t n = read(fd, two, sizeof two);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	snprintf(text, sizeof text, "read %zd", n);
	return text;
}

static void connect_to(const char *address, const char *port, int flags)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	inet_pton(AF_INET, address, &to.sin_addr);
	fd = socket(AF_INET, SOCK_STREAM | flags, 0);
	connect(fd, (void *)&to, sizeof to);
}

static void query(const char *name)
{
	unsigned char frame[512];
	int n = res_mkquery(ns_o_query, name, ns_c_in, ns_t_a, NULL, 0, NULL, frame + 2, sizeof frame - 2);
	frame[0] = (unsigned char)(n >> 8);
	frame[1] = (unsigned char)n;
	send(fd, frame, (size_t)n + 2, 0);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	const int dns = strcmp(argv[1], "dns") == 0;
	connect_to(argv[2], dns ? "53" : argv[3], dns ? 0 : SOCK_NONBLOCK);
	if (dns)
		query(argv[3]);
	poll(&(struct pollfd){ .fd = fd, .events = dns ? POLLIN : POLLOUT }, 1, 60000);
	usleep(dns ? 50000 : 0);		/* for the answer's last byte */
	pthread_t thread;
	void *result;
	pthread_create(&thread, NULL, dns ? read_length : ask, NULL);
	pthread_join(thread, &result);
	puts(result == PTHREAD_CANCELED ? "cancelled" : (char *)result);
	return 0;
}
