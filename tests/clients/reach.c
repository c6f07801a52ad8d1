/*
 * reach: reaches a server by its address, in ways that fail. Compiled statically,
 * as no preload reaches it: nothing is resolved.
 *
 *   reach MODE ADDR PORT [ARG...]
 *
 *	tcp [SECONDS]      connect; with SECONDS, given up after so many
 *	hold               connect, then "connected", then wait for the end
 *	udp                a datagram on an unconnected socket, and 0.3 s for an answer
 *	udp-connected      the same on a connected one
 *	sip METHOD         a request, sent again until an answer, five times (RFC 3261 17.1.2.2), on an unconnected socket
 *	sip-once METHOD    one only
 *	many RATE SECONDS  RATE connects a second for SECONDS
 *
 * Prints "done ERRNO" ("done 0"); many: "done COUNT".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_storage to;
static socklen_t to_len;

static void parse(const char *addr, const char *port)
{
	struct sockaddr_in *v4 = (void *)&to;
	struct sockaddr_in6 *v6 = (void *)&to;
	if (inet_pton(AF_INET, addr, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(port));
		to_len = sizeof *v4;
	} else if (inet_pton(AF_INET6, addr, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(port));
		to_len = sizeof *v6;
	} else {
		exit(2);
	}
}

static int done(int error)
{
	printf("done %s\n", strerrorname_np(error));
	return error != 0;
}

static int wait_for(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	return poll(&p, 1, ms);
}

static int tcp(int fd, const char *seconds)
{
	int error = 0;
	socklen_t len = sizeof error;
	if (!seconds)
		return done(connect(fd, (void *)&to, to_len) == -1 ? errno : 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (void *)&to, to_len) == -1 && errno != EINPROGRESS)
		return done(errno);
	if (wait_for(fd, POLLOUT, (int)(atof(seconds) * 1000)) == 0)
		return done(EINPROGRESS);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return done(error);
}

static int hold(int fd)
{
	char byte;
	if (connect(fd, (void *)&to, to_len) == -1)
		return done(errno);
	puts("connected");
	fflush(stdout);
	return done(read(fd, &byte, 1) == -1 ? errno : 0);
}

static int datagram(int fd, int connected)
{
	char byte, text[100];		/* longer than what may be guessed (tools/pinwatch/icmp.c) */
	memset(text, 'x', sizeof text);
	if (connected && connect(fd, (void *)&to, to_len) == -1)
		return done(errno);
	ssize_t r = connected ? send(fd, text, sizeof text, 0) : sendto(fd, text, sizeof text, 0, (void *)&to, to_len);
	if (r > 0 && wait_for(fd, POLLIN, 300) == 0)
		return done(ETIMEDOUT);
	return done(recv(fd, &byte, 1, 0) == -1 ? errno : 0);
}

static int sip(int fd, const char *method, int sends)
{
	static const int gaps[] = {500, 1000, 2000, 4000, 500};
	char text[600], answer[2000];
	int n = snprintf(text, sizeof text,
			 "%s sip:pool.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bK%d\r\n"
			 "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: %d@x\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
			 method, (int)getpid(), (int)getpid(), method);
	for (int i = 0; i < sends; i++) {
		if (sendto(fd, text, (size_t)n, 0, (void *)&to, to_len) == -1)
			return done(errno);
		if (wait_for(fd, POLLIN, gaps[i]) > 0)
			return done(recv(fd, answer, sizeof answer, 0) == -1 ? errno : 0);
	}
	return done(ETIMEDOUT);
}

static int many(int rate, int seconds)
{
	struct timespec next;
	int count = 0;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int i = 0; i < rate * seconds; i++) {
		const struct linger reset = {.l_onoff = 1};
		int fd = socket(to.ss_family, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		count += connect(fd, (void *)&to, to_len) == 0;
		close(fd);
		next.tv_nsec += 1000000000 / rate;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("done %d\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	const char *mode = argv[1], *arg = argc > 4 ? argv[4] : NULL;
	parse(argv[2], argv[3]);
	int stream = strcmp(mode, "tcp") == 0 || strcmp(mode, "hold") == 0;
	int fd = socket(to.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (strcmp(mode, "tcp") == 0)
		return tcp(fd, arg);
	if (strcmp(mode, "hold") == 0)
		return hold(fd);
	if (strncmp(mode, "udp", 3) == 0)
		return datagram(fd, strcmp(mode, "udp-connected") == 0);
	if (arg && strncmp(mode, "sip", 3) == 0)
		return sip(fd, arg, strcmp(mode, "sip-once") == 0 ? 1 : 5);
	if (argc > 5 && strcmp(mode, "many") == 0)
		return many(atoi(arg), atoi(argv[5]));
	return 2;
}
