/*
 * phone: a program that looks a name up, sends a SIP request to the first address,
 * waits for as long as it has patience, closes, and says what came.
 *
 *	phone [-n COUNT] [-w MS] [-p SECONDS] [-m METHOD] [-u USER] [-a WAY] udp|tcp|tls HOST
 *
 *	-n  so many requests, one after the other, each with a lookup and a socket of its own (1)
 *	-w  so long between them (100)
 *	-p  patience with each (3)
 *	-u  users, in turn, with commas between them (one)
 *	-a  first      the first address only (the default)
 *	    next       goes on by itself: to the next address after an error or 300 ms without a connection, and after
 *	               a third of its patience without an answer
 *	    connected  the first; over UDP by a connected socket, which hears of ICMP errors
 *	    blind      the first; over UDP without asking who answered (recv on an unconnected socket)
 *
 * Over UDP a request is sent again 0.5, 1.5, 3.5, 7.5, 11.5 ... s after the first time (RFC 3261 17.1.2.2), over TCP
 * and TLS once. One line a request, in one write:
 *
 *	milliseconds when it began (the name was looked up), when it ended, status or what went wrong, address in the answer's Server, user
 *
 * TLS only where it was compiled with -DTLS (and -lssl): phone_tls.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
#endif

enum { STEP_MS = 100, CONNECT_MS = 300, T1_MS = 500, T2_MS = 4000 };

static const char *transport, *host, *method = "REGISTER", *way = "first";
static char said[64], server[64];		/* of the request that is being sent */
static long serial;

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Patience is counted in this program's own time: a step in which it was not run for long (the machine is busy, and the
 * server is not run either) counts as STEP_MS. So what is answered does not depend on the machine.
 */
static long own_time(void)
{
	static long last, own;
	long t = now(), step = last ? t - last : 0;
	last = t;
	return own += step < STEP_MS ? step : STEP_MS;
}

static bool over(const char *name)
{
	return strcmp(transport, name) == 0;
}

static bool went(const char *what)
{
	snprintf(said, sizeof said, "%s", what);
	return false;
}

static bool went_wrong(int error)
{
	static const struct { int error; const char *what; } known[] = {
		{ ECONNREFUSED, "refused" }, { ECONNRESET, "reset" }, { EPIPE, "reset" }, { EHOSTUNREACH, "unreachable" },
		{ ENETUNREACH, "noroute" }, { ETIMEDOUT, "timeout" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].error == error)
			return went(known[i].what);
	return went(strerrorname_np(error));
}

/* Until there is something to read (or write), or the time is over. */
static bool ready(int fd, short events, long until)
{
	struct pollfd p = { .fd = fd, .events = events };
	long left;
	while ((left = until - own_time()) > 0) {
		int n = poll(&p, 1, (int)(left < STEP_MS ? left : STEP_MS));
		if (n > 0)
			return true;
		if (n == -1 && errno != EINTR)
			return went_wrong(errno);
	}
	return went("timeout");
}

/* ---- the request and its answer ---- */

static char branch[64];

static int write_request(char *text, size_t size, const struct sockaddr_storage *own, const char *user)
{
	char here[NI_MAXHOST], port[NI_MAXSERV];
	getnameinfo((const struct sockaddr *)own, sizeof *own, here, sizeof here, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV);
	long id = now() * 100 + ++serial % 100;
	snprintf(branch, sizeof branch, "z9hG4bK-%d-%ld", (int)getpid(), id);
	return snprintf(text, size,
			"%s sip:%s SIP/2.0\r\nVia: SIP/2.0/%s %s:%s;branch=%s;rport\r\nMax-Forwards: 70\r\n"
			"From: <sip:%s@%s>;tag=%ld\r\nTo: <sip:%s@%s>\r\nCall-ID: %ld-%d@phone\r\nCSeq: 1 %s\r\n"
			"Contact: <sip:%s@%s:%s>\r\nContent-Length: 0\r\n\r\n",
			method, host, over("udp") ? "UDP" : over("tcp") ? "TCP" : "TLS", here, port, branch, user, host, id,
			user, host, id, (int)getpid(), method, user, here, port);
}

/* Is this the final answer to what was sent? Its status and server are kept then. */
static bool is_answer(char *text, long size)
{
	text[size] = '\0';
	char *mine = strstr(text, branch);
	if (!mine || strncmp(text, "SIP/2.0 ", 8) != 0 || text[8] == '1' || !strstr(text, "\r\n\r\n"))
		return false;
	snprintf(said, sizeof said, "%.3s", text + 8);
	char *name = strstr(text, "\r\nServer: ");
	if (name)
		snprintf(server, sizeof server, "%.*s", (int)strcspn(name + 10, "\r"), name + 10);
	return true;
}

/* ---- UDP ---- */

static bool ask_datagram(int fd, const struct addrinfo *to, const char *text, size_t size, long until)
{
	char reply[4096];
	long again = own_time(), step = T1_MS;
	for (;;) {
		if (own_time() >= again) {
			ssize_t n = strcmp(way, "connected") == 0 ? send(fd, text, size, 0)
								  : sendto(fd, text, size, 0, to->ai_addr, to->ai_addrlen);
			if (n == -1)
				return went_wrong(errno);
			again += step;
			step = step * 2 < T2_MS ? step * 2 : T2_MS;
		}
		if (!ready(fd, POLLIN, again < until ? again : until)) {
			if (own_time() >= until || strcmp(said, "timeout") != 0)
				return false;
			continue;
		}
		struct sockaddr_storage from;
		ssize_t n = strcmp(way, "blind") == 0 ? recv(fd, reply, sizeof reply - 1, 0)
						      : recvfrom(fd, reply, sizeof reply - 1, 0, (struct sockaddr *)&from,
								 &(socklen_t){ sizeof from });
		if (n == -1 && errno != EAGAIN)
			return went_wrong(errno);
		if (n > 0 && is_answer(reply, n))
			return true;
	}
}

/* ---- TCP and TLS ---- */

#ifdef TLS
static SSL *tls;

static bool tls_wait(int fd, int result, long until)
{
	switch (SSL_get_error(tls, result)) {
	case SSL_ERROR_WANT_READ: return ready(fd, POLLIN, until);
	case SSL_ERROR_WANT_WRITE: return ready(fd, POLLOUT, until);
	case SSL_ERROR_SYSCALL: return errno ? went_wrong(errno) : went("closed");
	default: return went("closed");
	}
}

static bool tls_begin(int fd, long until)
{
	static SSL_CTX *context;
	if (!context)
		context = SSL_CTX_new(TLS_client_method());
	SSL_free(tls);
	tls = SSL_new(context);
	SSL_set_fd(tls, fd);
	int n;
	while (errno = 0, (n = SSL_connect(tls)) != 1)
		if (!tls_wait(fd, n, until))
			return false;
	return true;
}
#endif

static ssize_t stream_send(int fd, const char *text, size_t size)
{
#ifdef TLS
	if (over("tls"))
		return SSL_write(tls, text, (int)size);
#endif
	return send(fd, text, size, MSG_NOSIGNAL);
}

/* What came; 0: the time is over, or the connection ended, and it was said so. */
static ssize_t stream_receive(int fd, char *text, size_t size, long until)
{
	for (;;) {
		errno = 0;
#ifdef TLS
		if (over("tls")) {
			int got = SSL_read(tls, text, (int)size);
			if (got > 0 || !tls_wait(fd, got, until))
				return got > 0 ? got : 0;
			continue;
		}
#endif
		if (!ready(fd, POLLIN, until))
			return 0;
		ssize_t n = recv(fd, text, size, 0);
		if (n > 0)
			return n;
		went(n == 0 ? "closed" : "");
		if (n == -1)
			went_wrong(errno);
		return 0;
	}
}

static bool ask_stream(int fd, const char *text, size_t size, long until)
{
	char reply[4096];
	long have = 0;
#ifdef TLS
	if (over("tls") && !tls_begin(fd, until))
		return false;
#endif
	errno = 0;
	if (stream_send(fd, text, size) != (ssize_t)size)
		return errno ? went_wrong(errno) : went("closed");
	do {
		ssize_t n = stream_receive(fd, reply + have, sizeof reply - 1 - (size_t)have, until);
		if (n <= 0)
			return false;
		have += n;
	} while (!is_answer(reply, have));
	return true;
}

static bool connected(int fd, const struct addrinfo *to, long until)
{
	int error = 0;
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS)
		return went_wrong(errno);
	if (!ready(fd, POLLOUT, until))
		return false;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error });
	return error == 0 || went_wrong(error);
}

/* ---- one request ---- */

static bool ask(const struct addrinfo *to, const char *user, long connect_by, long until)
{
	char text[2048];
	struct sockaddr_storage own = { .ss_family = AF_INET };
	int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return went_wrong(errno);
	bool plain = over("udp") && strcmp(way, "connected") != 0;
	bool came = plain || connected(fd, to, connect_by);
	if (came) {
		getsockname(fd, (struct sockaddr *)&own, &(socklen_t){ sizeof own });
		int size = write_request(text, sizeof text, &own, user);
		came = over("udp") ? ask_datagram(fd, to, text, (size_t)size, until) : ask_stream(fd, text, (size_t)size, until);
	}
	close(fd);
	return came;
}

static void request(const char *user, long patience)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = over("udp") ? SOCK_DGRAM : SOCK_STREAM }, *list;
	bool next = strcmp(way, "next") == 0;
	said[0] = server[0] = '\0';
	int rc = getaddrinfo(host, over("tls") ? "5061" : "5060", &hints, &list);
	long began = now(), until = own_time() + patience;	/* patience is with the server */
	if (rc != 0) {
		went("lookup");
	} else {
		for (struct addrinfo *to = list; to && own_time() < until; to = next ? to->ai_next : NULL) {
			long by = next && to->ai_next ? own_time() + patience / 3 : until;
			if (ask(to, user, next && to->ai_next ? own_time() + CONNECT_MS : by, by))
				break;
		}
		freeaddrinfo(list);
	}
	char line[256];
	int size = snprintf(line, sizeof line, "%ld %ld %s %s %s\n", began, now(), said, *server ? server : "-", user);
	if (write(STDOUT_FILENO, line, (size_t)size) != size)
		exit(1);
}

int main(int argc, char **argv)
{
	long count = 1, wait_ms = 100, patience = 3000;
	char *users = strdup("one");
	for (int option; (option = getopt(argc, argv, "n:w:p:m:u:a:")) != -1;) {
		switch (option) {
		case 'n': count = atol(optarg); break;
		case 'w': wait_ms = atol(optarg); break;
		case 'p': patience = (long)(atof(optarg) * 1000); break;
		case 'm': method = optarg; break;
		case 'u': users = strdup(optarg); break;
		case 'a': way = optarg; break;
		default: return 2;
		}
	}
	if (argc - optind != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	transport = argv[optind];
	host = argv[optind + 1];
#ifndef TLS
	if (over("tls"))
		return 2;
#endif
	char *user[64], *rest = users, *word;
	long n = 0;
	while (n < 64 && (word = strsep(&rest, ",")))
		user[n++] = word;
	for (long i = 0; i < count; i++) {
		if (i > 0)
			poll(NULL, 0, (int)wait_ms);
		request(user[i % n], patience);
	}
	return 0;
}
