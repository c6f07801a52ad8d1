/*
 * tangle: threads that send, receive, close and connect on each other's sockets.
 *
 *	tangle HOST PORT THREADS SECONDS
 *
 * As no sound program does: pieces of SIP go out of turn, numbers are closed while
 * others use them and come back as other sockets. A server of its own at HOST's
 * first address answers pieces of SIP to whatever comes. Prints "ADDRESS CALLS".
 */
#define _GNU_SOURCE 1
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SHARED = 12, FIRST_OWN = 100 };

static const char out[] = "REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n"
			  "CSeq: 1 REGISTER\r\nContent-Length: 3\r\n\r\nabc";
static const char in[] = "SIP/2.0 100 Trying\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n"
			 "CSeq: 1 REGISTER\r\nContent-Length: 3\r\n\r\nabc";

static struct addrinfo *at;
static _Atomic int shared[SHARED];
static _Atomic long calls;
static _Atomic int over;

static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* The server's descriptors lie above FIRST_OWN, where no client closes them. */
static void *serve(void *arg)
{
	int listener = *(int *)arg;
	uint64_t seed = 1;
	char buf[4096];
	while (!over) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		if (poll(&p, 1, 50) <= 0)
			continue;
		int low = accept(listener, NULL, NULL), fd = low == -1 ? -1 : dup3(low, FIRST_OWN + 1, 0);
		close(low);
		for (int i = 0; i < 20 && fd != -1; i++) {
			recv(fd, buf, sizeof buf, MSG_DONTWAIT);
			size_t from = draw(&seed) % 2 ? 0 : draw(&seed) % sizeof in;
			send(fd, in + from, sizeof in - 1 - from, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		close(fd);
	}
	return NULL;
}

static void one_call(uint64_t *seed)
{
	_Atomic int *slot = &shared[draw(seed) % SHARED];
	size_t from = draw(seed) % 2 ? 0 : draw(seed) % sizeof out, some = 1 + draw(seed) % (sizeof out - from);
	char buf[512];
	int fd = *slot;
	switch (draw(seed) % 8) {
	case 0:
		close(fd);
		break;
	case 1:
	case 2:
		if ((fd = socket(AF_INET, SOCK_STREAM | (draw(seed) % 2 ? SOCK_NONBLOCK : 0), 0)) == -1 || fd >= FIRST_OWN)
			break;
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = 1}, sizeof(struct timeval));
		connect(fd, at->ai_addr, at->ai_addrlen);
		*slot = fd;
		break;
	case 3:
		recv(fd, buf, 1 + draw(seed) % sizeof buf, MSG_DONTWAIT);
		break;
	case 4:
		dup2(fd, *(slot == shared ? slot + 1 : slot - 1));
		break;
	case 5:
		shutdown(fd, SHUT_WR);
		break;
	default:
		send(fd, out + from, some, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	calls++;
}

static void *work(void *arg)
{
	uint64_t seed = (uintptr_t)arg;
	while (!over)
		one_call(&seed);
	return NULL;
}

int main(int argc, char **argv)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	pthread_t server, worker[64];
	int n = argc == 5 ? atoi(argv[3]) : 0, one = 1;
	char text[NI_MAXHOST];
	if (n < 1 || n > 64 || getaddrinfo(argv[1], argv[2], &hints, &at) != 0)
		return 2;
	int low = socket(AF_INET, SOCK_STREAM, 0), listener = dup2(low, FIRST_OWN);
	close(low);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, at->ai_addr, at->ai_addrlen) == -1 || listen(listener, 64) == -1)
		return 2;
	for (int i = 0; i < SHARED; i++)
		shared[i] = 3 + i;
	pthread_create(&server, NULL, serve, &listener);
	for (uintptr_t i = 0; i < (uintptr_t)n; i++)
		pthread_create(&worker[i], NULL, work, (void *)(i + 1));
	sleep((unsigned)atoi(argv[4]));
	over = 1;
	for (int i = 0; i < n; i++)
		pthread_join(worker[i], NULL);
	pthread_join(server, NULL);
	getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
	printf("%s %ld\n", text, calls);
	return 0;
}
