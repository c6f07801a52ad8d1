/*
 * raw: asks DNS by a way of its own and prints the addresses of each answer, in order.
 *
 *	raw WAY NAME [TIMES [A|AAAA|SRV|NAPTR]]
 *
 * WAY: res_query, res_search, res_querydomain, res_send, res_nquery, res_nsearch,
 * res_nquerydomain, res_nsend, __res_query (by its old name); or own packets to
 * 127.0.0.54:53 over UDP by send, write (connected; read with recv, read), sendto,
 * sendmsg, sendmmsg (unconnected; read with recvfrom, recvmsg, recvmmsg), pieces (as
 * sendmsg, sent from three, read into three), peek
 * (recv with MSG_PEEK, twice), burst (eight at once, whose ids agree but for their upper
 * byte; prints the first), threads (sendto, while another thread waits in recvfrom);
 * or over TCP (RFC 1035 4.2.2), the answer's length read first: tcp (each in one send),
 * tcp-two (length and message in two), tcp-bytes (both ways byte by byte), tcp-pieces
 * (writev, readv of three), tcp-msg (sendmsg, recvmsg), tcp-peek (all of it by MSG_PEEK,
 * then read), tcp-late (connect in the background), tcp-dup (read from a duplicate),
 * tcp-pipe (three at once on one connection, read in pieces of 7 bytes; prints the last).
 * One line an answer: ADDRESS/TTL of each record; of SRV PRIORITY:WEIGHT:PORT:TARGET,
 * those of the lowest priority first; of NAPTR its bytes. $DNS_PORT: another port than
 * 53. $RAW_FD: a UDP socket to use, connected to the server already if $RAW_CONNECTED is
 * not empty.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

__asm__(".symver old_query_versioned, __res_query@GLIBC_2.2.5");
int old_query_versioned(const char *name, int class, int type, unsigned char *answer, int len);

enum { ROOM = 4096 };

static const struct sockaddr_in server = {.sin_family = AF_INET};
static struct sockaddr_in dns(void)
{
	struct sockaddr_in sa = server;
	const char *port = getenv("DNS_PORT");
	sa.sin_port = htons(port ? (uint16_t)atoi(port) : 53);
	sa.sin_addr.s_addr = htonl(0x7f000036);
	return sa;
}

/* ---- libc's resolver ---- */

static int by_libc(const char *way, const char *name, int type, unsigned char *out)
{
	static struct __res_state state;
	unsigned char query[512];
	char host[256];
	const char *dot = strchr(name, '.');
	snprintf(host, sizeof host, "%.*s", dot ? (int)(dot - name) : 0, name);
	if (res_ninit(&state) == -1 || res_init() == -1)
		errx(1, "res_init");
	int n = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, query, sizeof query);
	if (strcmp(way, "res_query") == 0)
		return res_query(name, ns_c_in, type, out, ROOM);
	if (strcmp(way, "__res_query") == 0)
		return old_query_versioned(name, ns_c_in, type, out, ROOM);
	if (strcmp(way, "res_search") == 0)
		return res_search(name, ns_c_in, type, out, ROOM);
	if (strcmp(way, "res_querydomain") == 0)
		return res_querydomain(host, dot + 1, ns_c_in, type, out, ROOM);
	if (strcmp(way, "res_send") == 0)
		return res_send(query, n, out, ROOM);
	if (strcmp(way, "res_nquery") == 0)
		return res_nquery(&state, name, ns_c_in, type, out, ROOM);
	if (strcmp(way, "res_nsearch") == 0)
		return res_nsearch(&state, name, ns_c_in, type, out, ROOM);
	if (strcmp(way, "res_nquerydomain") == 0)
		return res_nquerydomain(&state, host, dot + 1, ns_c_in, type, out, ROOM);
	if (strcmp(way, "res_nsend") == 0)
		return res_nsend(&state, query, n, out, ROOM);
	return -2;
}

/* ---- packets of its own ---- */

/* The name is cut, too. */
static ssize_t send_pieces(int fd, const struct msghdr *m)
{
	unsigned char *query = m->msg_iov->iov_base;
	const size_t header = 12, cut = header + 3;
	struct iovec piece[] = {{query, header}, {query + header, cut - header}, {query + cut, m->msg_iov->iov_len - cut}};
	const struct msghdr cut_up = {.msg_name = m->msg_name, .msg_namelen = m->msg_namelen, .msg_iov = piece, .msg_iovlen = 3};
	return sendmsg(fd, &cut_up, 0);
}

/* What comes to `out` is what is in the pieces. */
static ssize_t in_pieces(int fd, struct msghdr *m, unsigned char *out)
{
	unsigned char first[3], second[40], rest[ROOM];
	struct iovec piece[] = {{first, sizeof first}, {second, sizeof second}, {rest, sizeof rest}};
	m->msg_iov = piece;
	m->msg_iovlen = 3;
	ssize_t r = recvmsg(fd, m, 0);
	memcpy(out, first, sizeof first);
	memcpy(out + sizeof first, second, sizeof second);
	memcpy(out + sizeof first + sizeof second, rest, ROOM - sizeof first - sizeof second);
	return r;
}

static ssize_t burst(int fd, unsigned char *query, size_t len, unsigned char *out)
{
	struct sockaddr_in to = dns();
	unsigned char rest[ROOM];
	for (int i = 0; i < 8; i++, query[0]++)
		if (sendto(fd, query, len, 0, (struct sockaddr *)&to, sizeof to) < 0)
			return -1;
	ssize_t r = recv(fd, out, ROOM, 0);
	for (int i = 1; i < 8; i++)
		if (recv(fd, rest, ROOM, 0) < 0)
			return -1;
	return r;
}

struct reader {
	int fd;
	unsigned char *out;
	ssize_t r;
};

static void *read_answer(void *arg)
{
	struct reader *s = arg;
	s->r = recvfrom(s->fd, s->out, ROOM, 0, NULL, NULL);
	return NULL;
}

static ssize_t threads(int fd, const unsigned char *query, size_t len, unsigned char *out)
{
	struct sockaddr_in to = dns(), here = {.sin_family = AF_INET};
	struct reader s = {fd, out, -1};
	pthread_t reader;
	if (bind(fd, (struct sockaddr *)&here, sizeof here) == -1 || pthread_create(&reader, NULL, read_answer, &s) != 0)
		err(1, "a reader");
	ssize_t r = sendto(fd, query, len, 0, (struct sockaddr *)&to, sizeof to);
	pthread_join(reader, NULL);
	return r < 0 ? -1 : s.r;
}

static ssize_t exchange(const char *way, int fd, unsigned char *query, size_t len, unsigned char *out)
{
	struct sockaddr_in to = dns(), from;
	socklen_t from_len = sizeof from;
	struct iovec iov = {query, len}, room = {out, ROOM};
	struct mmsghdr one = {.msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &iov, .msg_iovlen = 1}};
	struct mmsghdr in = {.msg_hdr = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &room, .msg_iovlen = 1}};
	if (strcmp(way, "send") == 0 || strcmp(way, "write") == 0 || strcmp(way, "peek") == 0) {
		const char *connected = getenv("RAW_CONNECTED");
		if (!(connected && *connected) && connect(fd, (struct sockaddr *)&to, sizeof to) == -1)
			err(1, "connect");
		if (strcmp(way, "write") == 0)
			return write(fd, query, len) > 0 ? read(fd, out, ROOM) : -1;
		if (send(fd, query, len, 0) < 0)
			return -1;
		if (strcmp(way, "peek") == 0)
			recv(fd, out, ROOM, MSG_PEEK);
		return recv(fd, out, ROOM, 0);
	}
	if (strcmp(way, "sendto") == 0)
		return sendto(fd, query, len, 0, (struct sockaddr *)&to, sizeof to) < 0
			       ? -1
			       : recvfrom(fd, out, ROOM, 0, (struct sockaddr *)&from, &from_len);
	if (strcmp(way, "burst") == 0)
		return burst(fd, query, len, out);
	if (strcmp(way, "threads") == 0)
		return threads(fd, query, len, out);
	if (strcmp(way, "pieces") == 0)
		return send_pieces(fd, &one.msg_hdr) < 0 ? -1 : in_pieces(fd, &in.msg_hdr, out);
	if (strcmp(way, "sendmsg") == 0)
		return sendmsg(fd, &one.msg_hdr, 0) < 0 ? -1 : recvmsg(fd, &in.msg_hdr, 0);
	if (strcmp(way, "sendmmsg") == 0)
		return sendmmsg(fd, &one, 1, 0) < 1 || recvmmsg(fd, &in, 1, 0, NULL) < 1 ? -1 : (ssize_t)in.msg_len;
	errx(2, "unknown way: %s", way);
}

/* ---- the same over TCP ---- */

static void all(int done)
{
	if (!done)
		err(1, "the connection");
}

static void read_bytes(int fd, unsigned char *out, size_t len, size_t step)
{
	for (ssize_t r; len > 0; out += r, len -= (size_t)r)
		all((r = read(fd, out, len < step ? len : step)) > 0);
}

/* A frame in pieces of `step` bytes; returns its length. */
static size_t read_frame(int fd, unsigned char *out, size_t step)
{
	unsigned char length[2];
	read_bytes(fd, length, 2, step);
	size_t len = (size_t)(length[0] << 8 | length[1]);
	all(len <= ROOM);
	read_bytes(fd, out, len, step);
	return len;
}

static void write_bytes(int fd, const unsigned char *bytes, size_t len, size_t step)
{
	for (ssize_t r; len > 0; bytes += r, len -= (size_t)r)
		all((r = send(fd, bytes, len < step ? len : step, 0)) > 0);
}

/* The whole frame at once, into three pieces; waits until all of it is there. */
static size_t read_pieces(int fd, unsigned char *out, int msg)
{
	unsigned char frame[2 + ROOM], length[2];
	all(recv(fd, length, 2, MSG_PEEK | MSG_WAITALL) == 2);
	size_t len = (size_t)(length[0] << 8 | length[1]);
	all(recv(fd, frame, 2 + len, MSG_PEEK | MSG_WAITALL) == (ssize_t)(2 + len));
	struct iovec piece[] = {{frame, 1}, {frame + 1, 40}, {frame + 41, sizeof frame - 41}};
	struct msghdr m = {.msg_iov = piece, .msg_iovlen = 3};
	memset(frame, 0, sizeof frame);
	all((msg ? recvmsg(fd, &m, 0) : readv(fd, piece, 3)) == (ssize_t)(2 + len));
	memcpy(out, frame + 2, len);
	return len;
}

static size_t read_peeked(int fd, unsigned char *out)
{
	static unsigned char peeked[2 + ROOM];
	unsigned char length[2];
	all(recv(fd, length, 2, MSG_PEEK | MSG_WAITALL) == 2);
	size_t len = (size_t)(length[0] << 8 | length[1]);
	all(recv(fd, peeked, 2 + len, MSG_PEEK | MSG_WAITALL) == (ssize_t)(2 + len));
	if (read_frame(fd, out, ROOM) != len || memcmp(out, peeked + 2, len) != 0)
		errx(1, "what was peeked at is not what was read");
	return len;
}

static int tcp_connected(int late)
{
	struct sockaddr_in to = dns();
	int error, fd = socket(AF_INET, SOCK_STREAM | (late ? SOCK_NONBLOCK : 0), 0);
	socklen_t len = sizeof error;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == -1 && errno != EINPROGRESS)
		err(1, "connect");
	if (late) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		all(poll(&p, 1, 60000) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
		all(fcntl(fd, F_SETFL, 0) == 0);
	}
	return fd;
}

static size_t over_tcp(const char *way, int fd, unsigned char *frame, size_t len, unsigned char *out)
{
	size_t bytes = strcmp(way, "bytes") == 0 ? 1 : ROOM;
	struct iovec piece[] = {{frame, 2}, {frame + 2, len - 2}};
	struct msghdr m = {.msg_iov = piece, .msg_iovlen = 2};
	if (strcmp(way, "pipe") == 0) {
		unsigned char three[3 * 512];
		for (size_t i = 0; i < 3; i++)
			memcpy(three + i * len, frame, len);
		write_bytes(fd, three, 3 * len, 3 * len);
		read_frame(fd, out, 7);
		read_frame(fd, out, 7);
		return read_frame(fd, out, 7);
	}
	if (strcmp(way, "two") == 0)
		write_bytes(fd, frame, 2, 2);
	if (strcmp(way, "pieces") == 0 || strcmp(way, "msg") == 0)
		all((*way == 'm' ? sendmsg(fd, &m, 0) : writev(fd, piece, 2)) == (ssize_t)len);
	else if (strcmp(way, "two") == 0)
		write_bytes(fd, frame + 2, len - 2, len);
	else
		write_bytes(fd, frame, len, bytes);
	if (strcmp(way, "pieces") == 0 || strcmp(way, "msg") == 0)
		return read_pieces(fd, out, *way == 'm');
	if (strcmp(way, "peek") == 0)
		return read_peeked(fd, out);
	if (strcmp(way, "dup") == 0)
		return read_frame(dup(fd), out, ROOM);
	return read_frame(fd, out, bytes);
}

static int by_tcp(const char *way, const char *name, int type, unsigned char *out)
{
	const struct timeval limit = {.tv_sec = 60};
	unsigned char frame[512];
	int n = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, frame + 2, sizeof frame - 2);
	int fd = tcp_connected(strcmp(way, "late") == 0);
	frame[0] = (unsigned char)(n >> 8);
	frame[1] = (unsigned char)n;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	int r = (int)over_tcp(way, fd, frame, 2 + (size_t)n, out);
	close(fd);
	return r;
}

static int by_packets(const char *way, const char *name, int type, unsigned char *out)
{
	const struct timeval limit = {.tv_sec = 60};
	unsigned char query[512];
	int n = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, query, sizeof query);
	const char *inherited = getenv("RAW_FD");
	int fd = inherited ? dup(atoi(inherited)) : socket(AF_INET, SOCK_DGRAM, 0);
	if (fd == -1 || n < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	ssize_t r = exchange(way, fd, query, (size_t)n, out);
	close(fd);
	return (int)r;
}

/* ---- what came ---- */

static const char *separator = "";	/* before the next record of the line */

static void print_address(ns_rr *rr)
{
	char text[INET6_ADDRSTRLEN];
	inet_ntop(ns_rr_type(*rr) == ns_t_a ? AF_INET : AF_INET6, ns_rr_rdata(*rr), text, sizeof text);
	printf("%s%s/%u", separator, text, ns_rr_ttl(*rr));
	separator = " ";
}

static void print_srv(ns_msg *handle, ns_rr *rr)
{
	const unsigned char *r = ns_rr_rdata(*rr);
	char target[NS_MAXDNAME];
	if (ns_name_uncompress(ns_msg_base(*handle), ns_msg_end(*handle), r + 6, target, sizeof target) == -1)
		errx(1, "a bad target");
	printf("%s%u:%u:%u:%s", separator, ns_get16(r), ns_get16(r + 2), ns_get16(r + 4), target);
	separator = " ";
}

static void print_bytes(ns_rr *rr)
{
	fputs(separator, stdout);
	for (int i = 0; i < ns_rr_rdlen(*rr); i++)
		printf("%02x", ns_rr_rdata(*rr)[i]);
	separator = " ";
}

/* The records of this type; of SRV those with this priority, or all if it is -1. Returns the least priority above it. */
static int print_records(ns_msg *handle, int type, int priority)
{
	ns_rr rr;
	int next = 65536;
	for (int i = 0; i < ns_msg_count(*handle, ns_s_an); i++) {
		if (ns_parserr(handle, ns_s_an, i, &rr) == -1)
			errx(1, "a bad record");
		if ((int)ns_rr_type(rr) != type)
			continue;
		int p = type == ns_t_srv ? (int)ns_get16(ns_rr_rdata(rr)) : 0;
		if (type == ns_t_a || type == ns_t_aaaa)
			print_address(&rr);
		else if (type == ns_t_srv && p == priority)
			print_srv(handle, &rr);
		else if (type != ns_t_srv)
			print_bytes(&rr);
		if (p > priority && p < next)
			next = p;
	}
	return next;
}

static void print_answer(const unsigned char *msg, int len, int type)
{
	ns_msg handle;
	separator = "";
	if (len < 0 || ns_initparse(msg, len, &handle) == -1) {
		puts("no answer");
		return;
	}
	if (type == ns_t_srv)
		for (int p = -1; p < 65536;)
			p = print_records(&handle, type, p);
	else
		print_records(&handle, type, 0);
	putchar('\n');
}

static int type_of(const char *word)
{
	return strcmp(word, "AAAA") == 0 ? ns_t_aaaa : strcmp(word, "SRV") == 0 ? ns_t_srv
	       : strcmp(word, "NAPTR") == 0 ? ns_t_naptr : ns_t_a;
}

int main(int argc, char **argv)
{
	unsigned char answer[ROOM];
	if (argc < 3)
		errx(2, "usage: raw WAY NAME [TIMES [TYPE]]");
	int times = argc > 3 ? atoi(argv[3]) : 1, type = type_of(argc > 4 ? argv[4] : "A");
	for (int i = 0; i < times; i++) {
		int r = by_libc(argv[1], argv[2], type, answer);
		if (strncmp(argv[1], "tcp", 3) == 0)
			r = by_tcp(argv[1][3] ? argv[1] + 4 : "", argv[2], type, answer);
		else if (r == -2)
			r = by_packets(argv[1], argv[2], type, answer);
		print_answer(answer, r, type);
	}
	return 0;
}
