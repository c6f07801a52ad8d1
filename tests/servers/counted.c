/*
 * counted: a server that adds a line HIT to FILE for each arrival, and says which one it is.
 *
 *	counted accept ADDR PORT FILE		TCP: answers what a connection sends by "HTTP/1.0 200" with ADDR as body, and closes it
 *	counted whoami ADDR PORT FILE		UDP and TCP: answers each datagram, and each connection, by "ADDR PORT", and a
 *						datagram's first word behind that
 *
 * Each line ends with a time, so that no two are equal.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *address, *port;
static int hits;		/* appended to by one write(2) a line */

static void hit(const char *format, ...)
{
	char line[512] = "HIT ";
	struct timespec now;
	va_list args;
	va_start(args, format);
	int n = 4 + vsnprintf(line + 4, sizeof line - 64, format, args);
	va_end(args);
	clock_gettime(CLOCK_REALTIME, &now);
	n += snprintf(line + n, 48, " %lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
	if (write(hits, line, (size_t)n) != n)
		err(1, "the hits");
}

static int listener(int type)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = in.sin_port};
	const bool v4 = inet_pton(AF_INET, address, &in.sin_addr) == 1;
	if (!v4 && inet_pton(AF_INET6, address, &in6.sin6_addr) != 1)
		errx(2, "no address: %s", address);
	const int fd = socket(v4 ? AF_INET : AF_INET6, type, 0), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, v4 ? (void *)&in : (void *)&in6, v4 ? sizeof in : sizeof in6) == -1 ||
	    (type == SOCK_STREAM && listen(fd, 128) == -1))
		err(1, "%s:%s", address, port);
	return fd;
}

/* One that sends nothing keeps the others waiting no longer: a thread each. */
static void *answer(void *arg)
{
	const int fd = (int)(intptr_t)arg;
	const struct timeval patience = {.tv_sec = 5};
	char in[4096], out[256];
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	const int n = snprintf(out, sizeof out, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n%s\n", strlen(address) + 1, address);
	if (recv(fd, in, sizeof in, 0) >= 0)
		send(fd, out, (size_t)n, MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void accepts(int fd)
{
	struct sockaddr_storage from;
	char text[INET6_ADDRSTRLEN];
	for (;;) {
		socklen_t len = sizeof from;
		pthread_t thread;
		const int one = accept4(fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
		const struct sockaddr_in *in = (const void *)&from;
		const struct sockaddr_in6 *in6 = (const void *)&from;
		if (one == -1)
			continue;
		inet_ntop(from.ss_family, from.ss_family == AF_INET ? (const void *)&in->sin_addr : (const void *)&in6->sin6_addr, text,
			  sizeof text);
		hit("connection from %s:%d", text, ntohs(in->sin_port));
		if (pthread_create(&thread, NULL, answer, (void *)(intptr_t)one) == 0)
			pthread_detach(thread);
	}
}

static void tell_datagram(int fd)
{
	static char in[65536];
	char out[512], word[256] = "";
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	const ssize_t n = recvfrom(fd, in, sizeof in - 1, 0, (struct sockaddr *)&from, &len);
	if (n < 0)
		return;
	in[n] = '\0';
	sscanf(in, "%255s", word);
	hit("udp %s", word);
	const int said = snprintf(out, sizeof out, "%s %s %s", address, port, word);
	sendto(fd, out, (size_t)said, 0, (struct sockaddr *)&from, len);
}

static void tell_connection(int fd)
{
	char out[128];
	const int one = accept(fd, NULL, NULL), n = snprintf(out, sizeof out, "%s %s", address, port);
	if (one == -1)
		return;
	hit("tcp");
	send(one, out, (size_t)n, MSG_NOSIGNAL);
	close(one);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		errx(2, "counted accept|whoami ADDR PORT FILE");
	address = argv[2];
	port = argv[3];
	hits = open(argv[4], O_WRONLY | O_APPEND | O_CREAT, 0644);
	if (hits == -1)
		err(1, "%s", argv[4]);
	if (strcmp(argv[1], "accept") == 0)
		accepts(listener(SOCK_STREAM));
	struct pollfd both[] = {{listener(SOCK_DGRAM), POLLIN, 0}, {listener(SOCK_STREAM), POLLIN, 0}};
	while (poll(both, 2, -1) > 0) {
		if (both[0].revents)
			tell_datagram(both[0].fd);
		if (both[1].revents)
			tell_connection(both[1].fd);
	}
	err(1, "poll");
}
