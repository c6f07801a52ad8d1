/*
 * tight: connects and sends from threads with stacks as small as there are.
 *
 *	tight ADDRESS PORT [mmsg]
 *
 * Each thread has PTHREAD_STACK_MIN bytes, with nothing below them. One connects over TCP, one sends a REGISTER over
 * UDP, one receives with recvmmsg; one sends a REGISTER and receives 503, in three pieces by recvmsg, or with "mmsg" in one
 * by recvmmsg. Prints "connect ERRNO", "sendto BYTES", "recvmmsg ERRNO" and "503 BYTES".
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GUARD = 65536 };

static struct sockaddr_in to = { .sin_family = AF_INET };
static const char request[] = "REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:x>\r\nCall-ID: 1\r\n"
			      "CSeq: 1 REGISTER\r\n\r\n";
static const char answer[] = "SIP/2.0 503 No\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:x>\r\nCall-ID: 1\r\n"
			     "CSeq: 1 REGISTER\r\n\r\n";
static int error, server;
static ssize_t sent, heard;
static int mmsg;

static void *connects(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	error = connect(fd, (void *)&to, sizeof to) == -1 ? errno : 0;
	close(fd);
	return arg;
}

static void *sends(void *arg)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	sent = sendto(fd, request, sizeof request - 1, 0, (void *)&to, sizeof to);
	close(fd);
	return arg;
}

static void *receives(void *arg)
{
	static char byte;
	static struct iovec iov = { &byte, 1 };
	static struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	error = recvmmsg(fd, &m, 1, MSG_DONTWAIT, NULL) == -1 ? errno : 0;
	close(fd);
	return arg;
}

static void *hears(void *arg)
{
	static char start[3], via[40], rest[1024], whole[1024];
	static struct iovec pieces[] = { { start, sizeof start }, { via, sizeof via }, { rest, sizeof rest } };
	static struct iovec one = { whole, sizeof whole };
	static struct sockaddr_in from;
	static struct mmsghdr m = { .msg_hdr = { &from, sizeof from, pieces, 3, NULL, 0, 0 } };
	socklen_t len = sizeof from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (sendto(fd, request, sizeof request - 1, 0, (void *)&to, sizeof to) == -1 ||
	    recvfrom(server, whole, sizeof whole, 0, (void *)&from, &len) == -1 ||
	    sendto(server, answer, sizeof answer - 1, 0, (void *)&from, len) == -1)
		exit(2);
	if (mmsg) {
		m.msg_hdr.msg_iov = &one;
		m.msg_hdr.msg_iovlen = 1;
		heard = recvmmsg(fd, &m, 1, 0, NULL) == 1 ? (ssize_t)m.msg_len : -1;
	} else {
		heard = recvmsg(fd, &m.msg_hdr, 0);
	}
	close(fd);
	return arg;
}

static void in_a_tight_thread(void *(*work)(void *))
{
	const size_t size = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_t attr;
	pthread_t thread;
	char *at = mmap(NULL, GUARD + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED || mprotect(at, GUARD, PROT_NONE) == -1)
		exit(2);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, at + GUARD, size);
	if (pthread_create(&thread, &attr, work, NULL) != 0)
		exit(2);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	const struct timeval patience = { .tv_sec = 60 };
	if (argc != 3 && argc != 4)
		return 2;
	mmsg = argc == 4;
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	in_a_tight_thread(connects);
	printf("connect %s\n", strerrorname_np(error));
	in_a_tight_thread(sends);
	printf("sendto %zd\n", sent);
	in_a_tight_thread(receives);
	printf("recvmmsg %s\n", strerrorname_np(error));
	server = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(server, (void *)&to, sizeof to) == -1 ||
	    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == -1)
		return 2;
	in_a_tight_thread(hears);
	printf("503 %zd\n", heard);
	return 0;
}
