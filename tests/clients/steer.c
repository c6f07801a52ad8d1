/*
 * steer: sends and receives SIP as it is told, one command a line, one answer a line.
 *
 *	lookup HOST                       getaddrinfo: the first address
 *	udp4 | udp6                       a new unconnected socket, bound to the loopback address; the earlier one closes
 *	how CALL HEAP [CUT]               what to send with: sendto, sendmsg, sendmmsg, and where ADDR is - send, write,
 *	                                  writev; HEAP 1: all of it lies on the heap; CUT: in pieces of so many bytes,
 *	                                  if even after an empty one
 *	METHOD ADDR PORT BRANCH ID [TAG]  a request; TAG: a To-tag. "sent". ADDR - : to the connected peer
 *	for URI [ROUTE]                   the Request-URI (sip:pool.test) and the Route of requests from now on
 *	raw ADDR PORT TEXT                a datagram
 *	STATUS ADDR PORT BRANCH ID        a response to an OPTIONS of CSeq 7
 *	recv CALL [FLAG]                  recvfrom, recvmsg, recvmmsg, pieces (recvmsg, of 50 bytes each); FLAG: peek,
 *	                                  short (an address of 8 or 24 bytes). First word or status, and sender;
 *	                                  "nothing" after 2 s
 *	fork                              what comes after `recv` is received by a child
 *	error                             from the error queue: the destination and the offender
 *	connect ADDR PORT                 a UDP connect of that socket; ADDR - : of AF_UNSPEC
 *	ends                              getsockname, getpeername, and the real peer, past libc
 *	tcp ADDR PORT WAY                 a TCP connect; WAY: block, poll (SO_ERROR), again (a second connect). Result, getpeername
 *	bad ADDR PORT                     sendto with bad pointers: the errnos
 *	quit
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int sock = -1, family = AF_INET;
static char call[16] = "sendto";
static size_t cut;
static bool heap, forked;
static char uri[128] = "sip:pool.test", route[128];	/* route: a header field with its end, or nothing */
enum { PIECES = 128 };

/* ---- addresses ---- */

struct place {
	struct sockaddr_storage sa;
	socklen_t len;
};

static struct place place_of(const char *addr, const char *port)
{
	struct place p = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (struct sockaddr_in *)&p.sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&p.sa;
	char mapped[64];
	if (strcmp(addr, "-") == 0)
		return (struct place){0};
	if (family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)atoi(port));
		inet_pton(AF_INET, addr, &in->sin_addr);
		return p;
	}
	p.len = sizeof *in6;
	snprintf(mapped, sizeof mapped, strchr(addr, ':') ? "%s" : "::ffff:%s", addr);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)atoi(port));
	inet_pton(AF_INET6, mapped, &in6->sin6_addr);
	return p;
}

static const char *text_of(const struct sockaddr_storage *sa)
{
	static char text[2][80];
	static int turn;
	char host[64] = "?";
	char *out = text[turn = !turn];
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	if (sa->ss_family == AF_INET)
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
	else if (sa->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
	snprintf(out, 80, "%s:%d", host, ntohs(sa->ss_family == AF_INET ? in->sin_port : in6->sin6_port));
	return out;
}

/* ---- out ---- */

static void *copy_of(const void *p, size_t len)
{
	return memcpy(malloc(len), p, len);	/* never freed: few, and small */
}

static struct iovec piece_of(const char *text, size_t len)
{
	return (struct iovec){heap ? copy_of(text, len) : (void *)(uintptr_t)text, len};
}

static size_t pieces_of(const char *text, size_t len, struct iovec iov[PIECES])
{
	size_t n = 0;
	if (cut && cut % 2 == 0)
		iov[n++] = piece_of(text, 0);
	for (; cut && n < PIECES - 1 && len > cut; text += cut, len -= cut)
		iov[n++] = piece_of(text, cut);
	iov[n++] = piece_of(text, len);
	return n;
}

static ssize_t out(const char *text, const struct place *to)
{
	const size_t len = strlen(text);
	struct iovec iov[PIECES];
	const size_t n = pieces_of(text, len, iov);
	void *name = to->len ? (void *)(uintptr_t)&to->sa : NULL;
	struct mmsghdr m = {.msg_hdr = {.msg_name = name, .msg_namelen = to->len, .msg_iov = iov, .msg_iovlen = n}};
	struct mmsghdr *p = &m;
	if (heap) {
		m.msg_hdr.msg_name = name ? copy_of(&to->sa, to->len) : NULL;
		m.msg_hdr.msg_iov = copy_of(iov, n * sizeof *iov);
		p = copy_of(&m, sizeof m);
	}
	if (strcmp(call, "sendmsg") == 0)
		return sendmsg(sock, &p->msg_hdr, 0);
	if (strcmp(call, "sendmmsg") == 0) {
		struct mmsghdr *two = copy_of(p, sizeof *p);
		int r = sendmmsg(sock, two, 1, 0);
		return r == 1 ? (ssize_t)two->msg_len : -1;
	}
	if (strcmp(call, "send") == 0)
		return send(sock, p->msg_hdr.msg_iov->iov_base, len, 0);
	if (strcmp(call, "write") == 0)
		return write(sock, p->msg_hdr.msg_iov->iov_base, len);
	if (strcmp(call, "writev") == 0)
		return writev(sock, p->msg_hdr.msg_iov, (int)n);
	return sendto(sock, p->msg_hdr.msg_iov->iov_base, len, 0, p->msg_hdr.msg_name, p->msg_hdr.msg_namelen);
}

static void send_request(const char *method, const char *addr, const char *port, const char *branch, const char *id,
			 const char *tag)
{
	char text[1024];
	struct place to = place_of(addr, port);
	snprintf(text, sizeof text,
		 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bK%s\r\n"
		 "From: <sip:alice@pool.test>;tag=a\r\nTo: <sip:bob@pool.test>%s%s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n"
		 "%sMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		 method, uri, branch, tag ? ";tag=" : "", tag ? tag : "", id,
		 strcmp(method, "ACK") == 0 || strcmp(method, "CANCEL") == 0 ? "INVITE" : method, route);
	puts(out(text, &to) == (ssize_t)strlen(text) ? "sent" : strerror(errno));
}

static void send_response(const char *status, const char *addr, const char *port, const char *branch, const char *id)
{
	char text[1024];
	struct place to = place_of(addr, port);
	snprintf(text, sizeof text,
		 "SIP/2.0 %s OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%s\r\nFrom: <sip:server>;tag=s\r\n"
		 "To: <sip:client>;tag=c\r\nCall-ID: %s\r\nCSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n", status, branch, id);
	puts(out(text, &to) == (ssize_t)strlen(text) ? "sent" : strerror(errno));
}

static void send_raw(const char *addr, const char *port, const char *text)
{
	struct place to = place_of(addr, port);
	puts(out(text, &to) == (ssize_t)strlen(text) ? "sent" : strerror(errno));
}

/* ---- in ---- */

static void receive(const char *how, const char *flag)
{
	static char buf[2][2048];
	struct sockaddr_storage from[2] = {0};
	const bool peek = flag && strcmp(flag, "peek") == 0, small = flag && strcmp(flag, "short") == 0;
	const socklen_t room = !small ? sizeof from[0] : family == AF_INET ? 8 : 24;
	const int flags = peek ? MSG_PEEK : 0;
	struct iovec iov[2] = {{buf[0], sizeof buf[0] - 1}, {buf[1], sizeof buf[1] - 1}}, piece[PIECES];
	struct mmsghdr m[2];
	memset(buf, 0, sizeof buf);
	for (int i = 0; i < 2; i++)
		m[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i], .msg_namelen = room, .msg_iov = &iov[i], .msg_iovlen = 1}};
	struct pollfd p = {.fd = sock, .events = POLLIN};
	socklen_t len = room;
	ssize_t r = -1;
	if (poll(&p, 1, 60000) != 1) {
		puts("nothing");
		return;
	}
	if (strcmp(how, "pieces") == 0) {
		for (size_t i = 0; i < sizeof buf[0] / 50; i++)
			piece[i] = (struct iovec){buf[0] + i * 50, 50};
		m[0].msg_hdr.msg_iov = piece;
		m[0].msg_hdr.msg_iovlen = sizeof buf[0] / 50;
	}
	if (strcmp(how, "recvmsg") == 0 || strcmp(how, "pieces") == 0)
		r = recvmsg(sock, &m[0].msg_hdr, flags), len = m[0].msg_hdr.msg_namelen;
	else if (strcmp(how, "recvmmsg") == 0)
		r = recvmmsg(sock, m, 2, flags | MSG_DONTWAIT, NULL), len = m[0].msg_hdr.msg_namelen;
	else
		r = recvfrom(sock, buf[0], sizeof buf[0] - 1, flags, (struct sockaddr *)&from[0], &len);
	if (r == -1) {
		puts(strerror(errno));
		return;
	}
	char *word = strncmp(buf[0], "SIP/2.0 ", 8) == 0 ? buf[0] + 8 : buf[0];
	word[strcspn(word, " \r\n")] = '\0';
	printf("%s %s%s\n", word, text_of(&from[0]), len == (family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) ? "" : " length");
}

static void in(const char *how, const char *flag)
{
	pid_t child = forked ? fork() : 0;
	if (child == 0)
		receive(how, flag);
	if (!forked)
		return;
	fflush(stdout);
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void error_queue(void)
{
	char buf[2048], control[512];
	struct sockaddr_storage name = {0}, offender = {0};
	struct iovec iov = {buf, sizeof buf};
	struct msghdr m = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct pollfd p = {.fd = sock};
	if (poll(&p, 1, 60000) != 1 || recvmsg(sock, &m, MSG_ERRQUEUE) == -1) {
		puts("nothing");
		return;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_type == IP_RECVERR && c->cmsg_level == IPPROTO_IP)
			memcpy(&offender, SO_EE_OFFENDER((struct sock_extended_err *)CMSG_DATA(c)), sizeof(struct sockaddr_in));
	printf("%s by %s\n", text_of(&name), text_of(&offender));
}

/* ---- sockets ---- */

static void open_udp(int af)
{
	const int on = 1, off = 0;
	if (sock != -1)
		close(sock);
	family = af;
	sock = socket(af, SOCK_DGRAM, 0);
	if (af == AF_INET6)
		setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	else
		setsockopt(sock, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
	struct place here = place_of(af == AF_INET ? "127.0.0.1" : "::", "0");
	puts(bind(sock, (struct sockaddr *)&here.sa, here.len) == 0 ? "ready" : strerror(errno));
}

static int await_connect(int fd, const struct place *to, const char *way)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof error;
	if (poll(&p, 1, 60000) != 1)
		return ETIMEDOUT;
	if (strcmp(way, "again") == 0)
		return connect(fd, (const struct sockaddr *)&to->sa, to->len) == 0 || errno == EISCONN ? 0 : errno;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static void tcp(const char *addr, const char *port, const char *way)
{
	const int before = family;
	family = AF_INET;
	struct place to = place_of(addr, port), peer = {.len = sizeof peer.sa};
	int fd = socket(AF_INET, SOCK_STREAM | (strcmp(way, "block") ? SOCK_NONBLOCK : 0), 0);
	int error = connect(fd, (struct sockaddr *)&to.sa, to.len) == 0 ? 0 : errno;
	if (error == EINPROGRESS)
		error = await_connect(fd, &to, way);
	int named = getpeername(fd, (struct sockaddr *)&peer.sa, &peer.len);
	printf("%s %s\n", error ? strerrorname_np(error) : "connected", named == 0 ? text_of(&peer.sa) : "-");
	close(fd);
	family = before;
}

static void udp_connect(const char *addr, const char *port)
{
	struct place to = place_of(addr, port);
	const socklen_t len = to.len ? to.len : sizeof(struct sockaddr_in);	/* AF_UNSPEC is 0 */
	puts(connect(sock, (struct sockaddr *)&to.sa, len) == 0 ? "connected" : strerror(errno));
}

static void ends(void)
{
	struct place own = {.len = sizeof own.sa}, peer = own, real = own;
	getsockname(sock, (struct sockaddr *)&own.sa, &own.len);
	printf("%s ", text_of(&own.sa));
	printf("%s ", getpeername(sock, (struct sockaddr *)&peer.sa, &peer.len) == 0 ? text_of(&peer.sa) : "-");
	puts(syscall(SYS_getpeername, sock, &real.sa, &real.len) == 0 ? text_of(&real.sa) : "-");
}

/* As the kernel does it: EFAULT, whatever is bad. */
static void bad(const char *addr, const char *port)
{
	struct place to = place_of(addr, port);
	const char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char text[] = "OPTIONS sip:x SIP/2.0\r\n\r\n";
	struct msghdr m = {.msg_name = &to.sa, .msg_namelen = to.len, .msg_iov = (struct iovec *)(uintptr_t)hole, .msg_iovlen = 1};
	struct iovec iov[] = {{(void *)(uintptr_t)text, 10}, {(void *)(uintptr_t)hole, 100}};
	struct msghdr pieces = {.msg_name = &to.sa, .msg_namelen = to.len, .msg_iov = iov, .msg_iovlen = 2};
	int e[7];
	e[0] = sendto(sock, text, sizeof text, 0, (const struct sockaddr *)hole, to.len) == -1 ? errno : 0;
	e[1] = sendto(sock, hole, 100, 0, (const struct sockaddr *)&to.sa, to.len) == -1 ? errno : 0;
	e[2] = sendmsg(sock, (const struct msghdr *)hole, 0) == -1 ? errno : 0;
	e[3] = sendmsg(sock, &m, 0) == -1 ? errno : 0;
	e[4] = sendto(sock, text, sizeof text, 0, (const struct sockaddr *)&to.sa, 1u << 31) == -1 ? errno : 0;
	e[5] = sendmsg(sock, &pieces, 0) == -1 ? errno : 0;
	pieces.msg_iovlen = SIZE_MAX / sizeof *iov + 3;
	e[6] = sendmsg(sock, &pieces, 0) == -1 ? errno : 0;
	for (int i = 0; i < 7; i++)
		printf("%s%s", strerrorname_np(e[i]), i < 6 ? " " : "\n");
}

static void lookup(const char *host)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *list;
	if (getaddrinfo(host, "5060", &hints, &list) != 0) {
		puts("no address");
		return;
	}
	struct sockaddr_storage sa = {0};
	memcpy(&sa, list->ai_addr, list->ai_addrlen);
	puts(text_of(&sa));
	freeaddrinfo(list);
}

static void set_next_hop(const char *to, const char *by)
{
	snprintf(uri, sizeof uri, "%s", to);
	route[0] = '\0';
	if (by)
		snprintf(route, sizeof route, "Route: <%s>\r\n", by);
	puts("so");
}

static void obey(int n, char **w)
{
	if (strcmp(w[0], "lookup") == 0 && n == 2)
		lookup(w[1]);
	else if (strcmp(w[0], "udp4") == 0 || strcmp(w[0], "udp6") == 0)
		open_udp(w[0][3] == '4' ? AF_INET : AF_INET6);
	else if (strcmp(w[0], "how") == 0 && n >= 3)
		snprintf(call, sizeof call, "%s", w[1]), heap = atoi(w[2]), cut = n > 3 ? (size_t)atoi(w[3]) : 0, puts("so");
	else if (strcmp(w[0], "recv") == 0 && n >= 2)
		in(w[1], n > 2 ? w[2] : NULL);
	else if (strcmp(w[0], "fork") == 0)
		forked = !forked, puts(forked ? "forked" : "not forked");
	else if (strcmp(w[0], "error") == 0)
		error_queue();
	else if (strcmp(w[0], "for") == 0 && n >= 2)
		set_next_hop(w[1], n > 2 ? w[2] : NULL);
	else if (strcmp(w[0], "raw") == 0 && n == 4)
		send_raw(w[1], w[2], w[3]);
	else if (strcmp(w[0], "connect") == 0 && n == 3)
		udp_connect(w[1], w[2]);
	else if (strcmp(w[0], "ends") == 0)
		ends();
	else if (strcmp(w[0], "tcp") == 0 && n == 4)
		tcp(w[1], w[2], w[3]);
	else if (strcmp(w[0], "bad") == 0 && n == 3)
		bad(w[1], w[2]);
	else if (n >= 5 && w[0][0] >= 'A' && w[0][0] <= 'Z')
		send_request(w[0], w[1], w[2], w[3], w[4], n > 5 ? w[5] : NULL);
	else if (n == 5)
		send_response(w[0], w[1], w[2], w[3], w[4]);
	else
		puts("what?");
}

int main(void)
{
	char line[1024];
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin)) {
		char *words[8], *rest = line;
		int n = 0;
		for (char *w; n < 8 && (w = strsep(&rest, " \n")) != NULL;)
			if (*w)
				words[n++] = w;
		if (n && strcmp(words[0], "quit") == 0)
			return 0;
		if (n)
			obey(n, words);
	}
	return 0;
}
