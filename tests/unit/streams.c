/*
 * streams.c: SIP over TCP: what passes on a connection to a candidate proves, and when the program is to hang up.
 *
 * Each row is a connection to the pin. The bytes really pass, so that the kernel's counts are those of a program.
 */
#include "shim/tcp/connect.h"
#include "shim/tcp/descriptor.h"
#include "shim/tcp/sip.h"
#include "shim/tcp/stream.h"
#include "tests/unit/shimlab.h"

#include <poll.h>
#include <string.h>

static int listener[SHIMLAB_SERVERS + 1];

/* One connection: the program's end, and the server's. */
static struct ends {
	int fd, server;
	unsigned at;
} ends;

static void open_ends(void)
{
	ends.at = shimlab_pin(NULL);
	const struct sockaddr_in sa = shimlab_sockaddr(ends.at);
	ends.fd = socket(AF_INET, SOCK_STREAM, 0);
	descriptor_opened(ends.fd, FD_STREAM);
	check_number("connected", 0, (unsigned)connect_tcp(ends.fd, (const struct sockaddr *)&sa, sizeof sa));
	check_true("followed", fd_class(ends.fd) == FD_STREAM_SIP);
	ends.server = accept(listener[ends.at], NULL, NULL);
}

static void close_ends(void)
{
	descriptor_closing(ends.fd);
	close(ends.fd);
	close(ends.server);
}

/* The program sends the text, in pieces of so many bytes. */
static void out(const char *text, size_t piece)
{
	for (size_t n, len = strlen(text); len > 0; text += n, len -= n) {
		n = len < piece ? len : piece;
		struct iovec v = {(void *)(uintptr_t)text, n};
		const struct msghdr msg = {.msg_iov = &v, .msg_iovlen = 1};
		stream_sent(ends.fd, &msg, sendmsg(ends.fd, &msg, MSG_NOSIGNAL));
	}
}

/* The server does, and the program reads it in pieces. */
static void in(const char *text, size_t piece)
{
	char buf[1024];
	size_t left = strlen(text);
	ssize_t r = send(ends.server, text, left, MSG_NOSIGNAL);
	struct iovec v = {buf, piece < sizeof buf ? piece : sizeof buf};
	struct msghdr msg = {.msg_iov = &v, .msg_iovlen = 1};
	while (r > 0 && left > 0 && (r = recvmsg(ends.fd, &msg, 0)) > 0) {
		stream_received(ends.fd, &msg, r, 0);
		left -= (size_t)r;
	}
}

/* Has the stream ended towards the program? */
static bool hung_up(void)
{
	struct pollfd p = {.fd = ends.fd, .events = POLLIN | POLLRDHUP};
	return poll(&p, 1, 0) == 1 && p.revents & POLLRDHUP;
}

static const char *request(const char *method, unsigned number)
{
	static char text[512];
	snprintf(text, sizeof text,
		 "%s sip:pool SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKt%u\r\nFrom: <sip:x@pool>;tag=1\r\nTo: <sip:x@pool>\r\n"
		 "Call-ID: t%u\r\nCSeq: 1 %s\r\nContent-Length: 4\r\n\r\nbody", method, number, number, method);
	return text;
}

static const char *answer(const char *status, const char *method, unsigned number)
{
	static char text[512];
	snprintf(text, sizeof text,
		 "SIP/2.0 %s\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKt%u\r\nFrom: <sip:x@pool>;tag=1\r\nTo: <sip:x@pool>;tag=2\r\n"
		 "Call-ID: t%u\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", status, number, number, method);
	return text;
}

static void answers(void)
{
	static const struct {
		const char *rule, *before, *method, *status;
		size_t piece;
		bool moves, hangs_up;	/* expected: the pin moves; the program is to leave the connection */
	} rows[] = {
		{"200 to REGISTER", NULL, "REGISTER", "200 OK", 4096, false, false},
		{"503 to REGISTER", NULL, "REGISTER", "503 x\r\nRetry-After: 1", 4096, true, true},
		{"503, cut after each byte", NULL, "REGISTER", "503 x\r\nRetry-After: 1", 1, true, true},
		{"503 to an INVITE with Retry-After: its call may go on", NULL, "INVITE", "503 x\r\nRetry-After: 1", 4096, true, false},
		{"503 to OPTIONS without Retry-After", NULL, "OPTIONS", "503 x", 4096, false, false},
		{"401 to REGISTER", NULL, "REGISTER", "401 x", 4096, false, false},
		{"503 to REGISTER where a call went before", "INVITE", "REGISTER", "503 x\r\nRetry-After: 1", 4096, true, false},
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("%s", rows[i].rule);
		clock_after(7200);
		shimlab_lookup();
		open_ends();
		if (rows[i].before) {
			out(request(rows[i].before, 100 + i), rows[i].piece);
			in(answer("200 OK", rows[i].before, 100 + i), rows[i].piece);
		}
		out(request(rows[i].method, i), rows[i].piece);
		in(answer(rows[i].status, rows[i].method, i), rows[i].piece);
		check_true("the pin moves", (shimlab_pin(NULL) != ends.at) == rows[i].moves);
		check_true("hangs up", hung_up() == rows[i].hangs_up);
		check_true("followed to its end", fd_class(ends.fd) == FD_STREAM_SIP);
		close_ends();
	}
}

static void no_request(void)
{
	check_row("an answer that nobody asked for");
	clock_after(7200);
	shimlab_lookup();
	open_ends();
	in(answer("503 x\r\nRetry-After: 1", "REGISTER", 999), 4096);
	check_number("moves nothing", ends.at, shimlab_pin(NULL));
	close_ends();
}

static void other_bytes(void)
{
	static const struct {
		const char *rule, *first;
		enum fd_class class;
	} rows[] = {
		{"TLS", "\x16\x03\x01\x02\x01", FD_STREAM_ENDS},
		{"HTTP", "GET / HTTP/1.1\r\nHost: pool\r\n\r\n", FD_STREAM_ENDS},
		{"keep-alives", "\r\n\r\n", FD_STREAM_SIP},
		{"the beginning of a start line", "REGIS", FD_STREAM_SIP},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("the first bytes are %s", rows[i].rule);
		open_ends();
		out(rows[i].first, 4096);
		check_number("class", rows[i].class, fd_class(ends.fd));
		close_ends();
	}
}

static void ends_of(void)
{
	static const struct {
		const char *rule;
		int error;
		bool moves;
	} rows[] = {
		{"a reset proves nothing alone", ECONNRESET, false},
		{"a time-out is a failure", ETIMEDOUT, true},
		{"EAGAIN is no end", EAGAIN, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		check_row("%s", rows[i].rule);
		clock_after(7200);
		shimlab_lookup();
		open_ends();
		out(request("REGISTER", 200 + (unsigned)i), 4096);
		in(answer("200 OK", "REGISTER", 200 + (unsigned)i), 4096);
		sip_failed(ends.fd, rows[i].error);
		check_true("the pin moves", (shimlab_pin(NULL) != ends.at) == rows[i].moves);
		close_ends();
	}
	check_row("another socket under the number");
	open_ends();
	out(request("REGISTER", 300), 4096);
	const int other = socket(AF_INET, SOCK_STREAM, 0);
	dup2(other, ends.fd);
	sip_failed(ends.fd, ETIMEDOUT);
	check_number("is not blamed", ends.at, shimlab_pin(NULL));
	close(other);
	close_ends();
}

int main(void)
{
	shimlab_start(4);
	check_row("three servers");
	for (unsigned i = 1; i <= SHIMLAB_SERVERS; i++)
		if (!shimlab_can_follow() || (listener[i] = shimlab_server(i, SOCK_STREAM, 64)) < 0) {
			check_skip("no cookies of sockets, or the addresses are taken");
			return check_done();
		}
	answers();
	no_request();
	other_bytes();
	ends_of();
	return check_done();
}
