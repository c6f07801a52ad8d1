/*
 * steered: send to addresses as given, and say who seems to have answered.
 *
 *	steered COMMAND...		one command; or, without one, a command a line on stdin
 *
 *	tcp FAMILY ADDR PORT
 *	udp SOCKET FAMILY HOW ADDR PORT [METHOD CALL BRANCH [TAG]]
 *	recv SOCKET			another answer on that socket
 *	change SOCKET ADDR PORT		ask (no SIP, IPv4) until somebody else answers; when that was asked, in microseconds
 *					of the wall clock
 *	quit
 *
 * FAMILY: 4, 6, or mapped (IPv4 on an AF_INET6 socket). SOCKET: 0 to 9, kept open. HOW:
 * sendto, sendmsg, sendmmsg, or connected. METHOD: a SIP request of that method ("200" a
 * response), of this Call-ID, Via branch and To-tag; without one, eight bytes that are no SIP.
 *
 * Answers with one line: what came, then "from" (UDP) or "peer" (TCP: getpeername)
 * and the address that the kernel showed; "silent" after a second; "error NUMBER".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 10, WORDS = 10, PATIENCE_MS = 60000, SECOND_MS = 1000, CHANGE_US = 100000000 };

union peer {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int sockets[SOCKETS];		/* fd + 1 */

/* Returns the length. */
static socklen_t parse_peer(const char *family, const char *addr, const char *port, union peer *p)
{
	char text[INET6_ADDRSTRLEN + 8];
	memset(p, 0, sizeof *p);
	if (strcmp(family, "4") == 0) {
		p->v4.sin_family = AF_INET;
		p->v4.sin_port = htons((uint16_t)atoi(port));
		inet_pton(AF_INET, addr, &p->v4.sin_addr);
		return sizeof p->v4;
	}
	snprintf(text, sizeof text, "%s%s", strcmp(family, "mapped") == 0 ? "::ffff:" : "", addr);
	p->v6.sin6_family = AF_INET6;
	p->v6.sin6_port = htons((uint16_t)atoi(port));
	inet_pton(AF_INET6, text, &p->v6.sin6_addr);
	return sizeof p->v6;
}

static void show(const char *what, const char *how, const union peer *p)
{
	char text[INET6_ADDRSTRLEN] = "?";
	int v6 = p->sa.sa_family == AF_INET6;
	inet_ntop(p->sa.sa_family, v6 ? (const void *)&p->v6.sin6_addr : &p->v4.sin_addr, text, sizeof text);
	printf("%s %s %s %u\n", what, how, text, ntohs(v6 ? p->v6.sin6_port : p->v4.sin_port));
}

static void tcp(char **word)
{
	union peer to, peer;
	socklen_t len = parse_peer(word[1], word[2], word[3], &to), peer_len = sizeof peer;
	char body[256] = "";
	int fd = socket(to.sa.sa_family, SOCK_STREAM, 0);
	if (connect(fd, &to.sa, len) == -1 || getpeername(fd, &peer.sa, &peer_len) == -1)
		printf("error %d\n", errno);
	else if (recv(fd, body, sizeof body - 1, MSG_WAITALL) < 0)
		printf("error %d\n", errno);
	else
		show(body, "peer", &peer);
	close(fd);
}

static void hear(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	union peer from;
	socklen_t len = sizeof from;
	char body[2048] = "";
	if (poll(&p, 1, PATIENCE_MS) != 1) {
		puts("silent");
		return;
	}
	ssize_t n = recvfrom(fd, body, sizeof body - 1, 0, &from.sa, &len);
	if (n == -1)
		printf("error %d\n", errno);
	else
		show(body, "from", &from);
}

static size_t message(char **word, char *out, size_t size)
{
	const char *method = word[0], *call = word[1], *branch = word[2], *tag = word[3];
	char start[128];
	if (!method)
		return (size_t)snprintf(out, size, "\x80\x61%s", "not sip");
	if (strcmp(method, "200") == 0)
		snprintf(start, sizeof start, "SIP/2.0 200 OK");
	else
		snprintf(start, sizeof start, "%s sip:bob@pool.test SIP/2.0", method);
	return (size_t)snprintf(out, size,
				"%s\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"
				"To: \"Bob; tag=no\" <sip:bob@pool.test;tag=no>%s%s\r\nFrom: <sip:alice@pool.test>;tag=a\r\n"
				"Call-ID: %s@here\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
				start, branch, tag ? ";tag=" : "", tag ? tag : "", call, method);
}

static void udp(char **word)
{
	union peer to;
	socklen_t len = parse_peer(word[2], word[4], word[5], &to);
	int *slot = &sockets[atoi(word[1]) % SOCKETS];
	char text[2048];
	if (*slot == 0) {
		*slot = socket(to.sa.sa_family, SOCK_DGRAM, 0) + 1;
		if (strcmp(word[3], "connected") == 0)
			connect(*slot - 1, &to.sa, len);
	}
	struct iovec piece = {text, message(word + 6, text, sizeof text)};
	struct mmsghdr m = {.msg_hdr = {.msg_name = &to, .msg_namelen = len, .msg_iov = &piece, .msg_iovlen = 1}};
	ssize_t n;
	if (strcmp(word[3], "connected") == 0)
		n = send(*slot - 1, text, piece.iov_len, 0);
	else if (strcmp(word[3], "sendmsg") == 0)
		n = sendmsg(*slot - 1, &m.msg_hdr, 0);
	else if (strcmp(word[3], "sendmmsg") == 0)
		n = sendmmsg(*slot - 1, &m, 1, 0);
	else
		n = sendto(*slot - 1, text, piece.iov_len, 0, &to.sa, len);
	if (n == -1)
		printf("error %d\n", errno);
	else
		hear(*slot - 1);
}

static long long now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static void change(char **word)
{
	char first[256] = "", body[256];
	union peer to;
	socklen_t len = parse_peer("4", word[2], word[3], &to);
	int *slot = &sockets[atoi(word[1]) % SOCKETS];
	if (*slot == 0)
		*slot = socket(AF_INET, SOCK_DGRAM, 0) + 1;
	for (long long began = now_us(), at = began; at - began < CHANGE_US; at = now_us()) {
		struct pollfd p = {.fd = *slot - 1, .events = POLLIN};
		sendto(*slot - 1, "?", 1, 0, &to.sa, len);
		ssize_t n = poll(&p, 1, SECOND_MS) == 1 ? recv(*slot - 1, body, sizeof body - 1, 0) : 0;
		if (n <= 0)
			continue;
		body[n] = '\0';
		if (*first && strcmp(first, body) != 0) {
			printf("%lld %s\n", at, body);
			return;
		}
		strcpy(first, body);
		usleep(200);
	}
	puts("nobody else");
}

/* False: no more. */
static int run(char **word, int n)
{
	if (n == 0 || strcmp(word[0], "quit") == 0)
		return 0;
	if (strcmp(word[0], "tcp") == 0 && n == 4)
		tcp(word);
	else if (strcmp(word[0], "udp") == 0 && (n == 6 || n >= 9))
		udp(word);
	else if (strcmp(word[0], "change") == 0 && n == 4)
		change(word);
	else if (strcmp(word[0], "recv") == 0 && n == 2)
		hear(sockets[atoi(word[1]) % SOCKETS] - 1);
	else
		puts("what?");
	fflush(stdout);
	return 1;
}

int main(int argc, char **argv)
{
	char line[512];
	if (argc > 1)
		return !run(argv + 1, argc - 1);
	while (fgets(line, sizeof line, stdin)) {
		char *word[WORDS + 1] = {NULL}, *save, *w = strtok_r(line, " \n", &save);
		int n = 0;
		for (; w && n < WORDS; w = strtok_r(NULL, " \n", &save))
			word[n++] = w;
		if (!run(word, n))
			break;
	}
	return 0;
}
