/*
 * calls: what the socket and descriptor calls return for good and bad arguments.
 *
 *	calls HOST OPEN-PORT CLOSED-PORT
 *
 * HOST is looked up first, so that its addresses are candidates of a sticky
 * name; something listens on OPEN-PORT of each of them, nothing on
 * CLOSED-PORT. One line a call: what it was, its result, errno. Descriptor
 * numbers are printed as they come, and the set of open ones at the end: a
 * library that opens, keeps or reorders any of them shows in diff(1), as does
 * one that touches blocking mode or descriptor flags.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lint aside: many of the arguments below are wrong on purpose. */
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic ignored "-Wnonnull"
#endif

static struct sockaddr_in opened, refused;
static uint16_t open_port;

static long say(const char *what, long rc)
{
	int error = errno;
	printf("%s = %ld %s\n", what, rc, rc == -1 ? strerrorname_np(error) : "");
	errno = 0;
	return rc;
}

static int tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static int udp(void) { return socket(AF_INET, SOCK_DGRAM, 0); }
static int con(int fd, const void *sa, socklen_t len) { return connect(fd, sa, len); }
static int con4(int fd, const struct sockaddr_in *sa) { return connect(fd, (const void *)sa, sizeof *sa); }

static void flags_of(const char *what, int fd)
{
	printf("%s: fl %x fd %x\n", what, (unsigned)fcntl(fd, F_GETFL), (unsigned)fcntl(fd, F_GETFD));
}

static struct sockaddr_in6 mapped(const struct sockaddr_in *in)
{
	struct sockaddr_in6 out = { .sin6_family = AF_INET6, .sin6_port = in->sin_port };
	out.sin6_addr.s6_addr[10] = out.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&out.sin6_addr.s6_addr[12], &in->sin_addr, 4);
	return out;
}

static void connect_bad(void)
{
	int fd = tcp(), file = open("/dev/null", O_RDONLY), ends[2];
	(void)!pipe(ends);
	const void *nowhere = (const void *)(uintptr_t)8;
	say("connect fd -1", con4(-1, &opened));
	say("connect fd -100", con4(-100, &opened));
	say("connect fd INT_MAX", con4(INT32_MAX, &opened));
	say("connect fd unused", con4(777, &opened));
	say("connect a file", con4(file, &opened));
	say("connect a pipe", con4(ends[0], &opened));
	say("connect NULL", con(fd, NULL, sizeof opened));
	say("connect NULL, 0", con(fd, NULL, 0));
	say("connect wild pointer", con(fd, nowhere, sizeof opened));
	static const socklen_t lengths[] = { 0, 1, 2, 7, 8, 15, 17, 127, 128, 129, 4096, UINT32_MAX };
	static char space[8192];
	memcpy(space, &refused, sizeof refused);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		int fresh = tcp();
		char what[64];
		snprintf(what, sizeof what, "connect length %u", lengths[i]);
		say(what, con(fresh, space, lengths[i]));
		close(fresh);
	}
	flags_of("after bad connects", fd);
	close(fd), close(file), close(ends[0]), close(ends[1]);
}

static void connect_families(void)
{
	struct sockaddr_in6 six = mapped(&opened);
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/nonexistent/socket" };
	int fd = tcp(), fd6 = socket(AF_INET6, SOCK_STREAM, 0), fdu = socket(AF_UNIX, SOCK_STREAM, 0), dg = udp();
	say("connect AF_UNSPEC on fresh tcp", con(fd, &unspec, sizeof unspec));
	say("connect AF_UNSPEC on fresh udp", con(dg, &unspec, sizeof unspec));
	say("connect udp", con4(dg, &opened));
	say("connect udp again", con4(dg, &refused));
	say("connect AF_UNSPEC on connected udp", con(dg, &unspec, sizeof unspec));
	say("connect v6 address on v4 socket", con(fd, &six, sizeof six));
	say("connect v4 address on v6 socket", con4(fd6, &opened));
	say("connect v4-mapped", con(fd6, &six, sizeof six));
	say("connect v4-mapped again", con(fd6, &six, sizeof six));
	say("connect AF_UNIX, no such path", con(fdu, &path, sizeof path));
	say("connect v4 address on AF_UNIX socket", con4(fdu, &opened));
	say("connect AF_UNIX address on v4 socket", con(fd, &path, sizeof path));
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_port = opened.sin_port };
	far.sin_addr.s_addr = htonl(0xcb007101); /* 203.0.113.1: no route in the test's namespace */
	say("connect unreachable", con4(fd, &far));
	say("connect udp unreachable", con4(dg, &far));
	far.sin_addr.s_addr = INADDR_BROADCAST;
	say("connect udp broadcast", con4(dg, &far));
	far = refused;
	far.sin_port = 0;
	say("connect port 0", con4(fd, &far));
	close(fd), close(fd6), close(fdu), close(dg);
}

static void connect_outcomes(void)
{
	int fd = tcp();
	say("connect refused", con4(fd, &refused));
	flags_of("blocking after refusal", fd);
	say("connect refused again", con4(fd, &refused));
	say("connect open after refusals", con4(fd, &opened));
	say("connect when connected", con4(fd, &opened));
	flags_of("blocking after connect", fd);
	close(fd);

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	say("connect non-blocking", con4(fd, &opened));
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	say("poll", poll(&p, 1, 60000));
	int error = -5;
	socklen_t len = sizeof error;
	say("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	printf("value %d length %u\n", error, len);
	say("second connect completes", con4(fd, &opened));
	say("third connect", con4(fd, &opened));
	flags_of("non-blocking after connect", fd);
	close(fd);

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	say("connect non-blocking, refused", con4(fd, &refused));
	p.fd = fd;
	say("poll", poll(&p, 1, 60000));
	for (int i = 0; i < 2; i++) {
		error = -5;
		say("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
		printf("value %d length %u\n", error, len);
	}
	close(fd);
}

static void options(void)
{
	int fd = tcp(), value = 1, ends[2];
	(void)!pipe(ends);
	socklen_t len = sizeof value;
	char large[256];
	void *nowhere = (void *)(uintptr_t)8;
	say("getsockopt fd -1", getsockopt(-1, SOL_SOCKET, SO_ERROR, &value, &len));
	say("getsockopt fd unused", getsockopt(777, SOL_SOCKET, SO_ERROR, &value, &len));
	say("getsockopt on a pipe", getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &value, &len));
	say("getsockopt NULL value", getsockopt(fd, SOL_SOCKET, SO_ERROR, NULL, &len));
	say("getsockopt NULL length", getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, NULL));
	say("getsockopt wild value", getsockopt(fd, SOL_SOCKET, SO_ERROR, nowhere, &len));
	say("getsockopt wild length", getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, nowhere));
	static const socklen_t lengths[] = { 0, 1, 2, 3, 4, 5, 256, UINT32_MAX };
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		con4(fd, &refused);
		memset(large, 0x5a, sizeof large);
		len = lengths[i];
		say("SO_ERROR of some length", getsockopt(fd, SOL_SOCKET, SO_ERROR, large, &len));
		printf("length %u -> %u, bytes %02x %02x %02x %02x %02x\n", lengths[i], len, large[0] & 0xff,
		       large[1] & 0xff, large[2] & 0xff, large[3] & 0xff, large[4] & 0xff);
	}
	len = sizeof value;
	say("SO_TYPE", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
	printf("value %d\n", value);
	say("unknown option", getsockopt(fd, SOL_SOCKET, 9999, &value, &len));
	say("unknown level", getsockopt(fd, 9999, SO_ERROR, &value, &len));
	struct tcp_info info;
	len = sizeof info;
	say("TCP_INFO", getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	close(fd), close(ends[0]), close(ends[1]);
}

static void sockets(void)
{
	struct sockaddr_in name;
	socklen_t len = sizeof name;
	int fd = tcp(), one = 1;
	say("socket bad family", socket(9999, SOCK_STREAM, 0));
	say("socket bad type", socket(AF_INET, 99, 0));
	say("socket bad protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	say("socket number", fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(open_port + 1)) };
	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	say("accept not listening", accept(fd, NULL, NULL));
	say("bind", bind(fd, (void *)&local, sizeof local));
	say("listen", listen(fd, 5));
	int to = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	say("connect to ourselves", con4(to, &local) == -1 && errno != EINPROGRESS ? -1 : 0);
	say("accept4 bad flags", accept4(fd, NULL, NULL, 1 << 30));
	say("accept wild address", accept(fd, (void *)(uintptr_t)8, &len) == -1 ? -1 : 0);
	int again = tcp();
	con4(again, &local);
	len = 4;
	int got = accept4(fd, (void *)&name, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	say("accept4 with a short name", got);
	printf("length %u\n", len);
	flags_of("accepted", got);
	say("accept fd -1", accept(-1, NULL, NULL));
	say("accept4 fd unused", accept4(777, NULL, NULL, 0));
	say("accept on a file", accept(STDOUT_FILENO, NULL, NULL));
	close(got), close(again), close(to), close(fd);
}

/* A connection that nobody saw being made, as one that is inherited is. MSG_TRUNC throws its bytes away (tcp(7)): no buffer is needed. */
static void thrown_away(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof at;
	int listening = tcp(), one = tcp();
	listen(listening, 1);
	getsockname(listening, (void *)&at, &len);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	con4(one, &at);
	int accepted = accept(listening, NULL, NULL), other = dup(accepted);
	struct iovec nowhere = { NULL, 100 };
	struct msghdr msg = { .msg_iov = &nowhere, .msg_iovlen = 1 };
	char bytes[300] = { 0 };
	say("send", send(one, bytes, sizeof bytes, 0));
	say("recv into nothing", recv(other, NULL, 100, MSG_TRUNC));
	say("recvfrom into nothing", recvfrom(other, NULL, 100, MSG_TRUNC, NULL, NULL));
	say("recvmsg into nothing", recvmsg(other, &msg, MSG_TRUNC));
	say("recv into nothing, none left", recv(other, NULL, 100, MSG_TRUNC | MSG_DONTWAIT));
	close(listening), close(one), close(accepted), close(other);
}

static void descriptors(void)
{
	int fd = tcp();
	con4(fd, &opened);
	say("dup", dup(fd));
	say("dup -1", dup(-1));
	say("dup unused", dup(777));
	say("dup2 same", dup2(fd, fd));
	say("dup2 unused, same", dup2(777, 777));
	say("dup2 to -1", dup2(fd, -1));
	say("dup2 over the limit", dup2(fd, INT32_MAX));
	say("dup2", dup2(fd, 50));
	say("dup3 same", dup3(fd, fd, 0));
	say("dup3 bad flags", dup3(fd, 51, 12345));
	say("dup3", dup3(fd, 51, O_CLOEXEC));
	flags_of("dup3 made", 51);
	say("F_DUPFD", fcntl(fd, F_DUPFD, 60));
	say("F_DUPFD -1", fcntl(fd, F_DUPFD, -1));
	say("F_DUPFD over the limit", fcntl(fd, F_DUPFD, INT32_MAX));
	say("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 60));
	flags_of("F_DUPFD_CLOEXEC made", 61);
	say("F_SETFL", fcntl(fd, F_SETFL, O_NONBLOCK));
	say("F_GETFL", fcntl(fd, F_GETFL));
	say("F_SETFD", fcntl(fd, F_SETFD, FD_CLOEXEC));
	say("F_GETFD", fcntl(fd, F_GETFD));
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	say("F_GETLK on a socket", fcntl(fd, F_GETLK, &lock));
	say("F_GETLK NULL", fcntl(STDOUT_FILENO, F_GETLK, NULL));
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = getpid() };
	say("F_SETOWN_EX", fcntl(fd, F_SETOWN_EX, &owner));
	say("F_GETOWN", fcntl(fd, F_GETOWN) == getpid());
	say("fcntl unknown", fcntl(fd, 9999, 1));
	say("fcntl fd -1", fcntl(-1, F_GETFD));
	int (*fcntl64)(int, int, ...) = NULL;
	void *symbol = dlsym(RTLD_DEFAULT, "fcntl64");
	memcpy(&fcntl64, &symbol, sizeof fcntl64);
	say("fcntl64 F_DUPFD", fcntl64(fd, F_DUPFD, 70));
	say("fcntl64 F_GETFL", fcntl64(fd, F_GETFL));
	say("close", close(fd));
	say("close twice", close(fd));
	say("close -1", close(-1));
	say("close unused", close(777));
	say("close_range reversed", close_range(51, 50, 0));
	say("close_range bad flags", close_range(50, 51, 1 << 20));
	say("close_range CLOEXEC", close_range(50, 50, CLOSE_RANGE_CLOEXEC));
	flags_of("close_range CLOEXEC", 50);
	say("close_range", close_range(50, 61, 0));
	say("close_range empty", close_range(50, 61, 0));
	say("write on the closed", write(50, "", 0));
	closefrom(4);
	say("closefrom", fcntl(4, F_GETFD));
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		closefrom(-7);
		_exit(fcntl(STDIN_FILENO, F_GETFD) == -1 && fcntl(STDOUT_FILENO, F_GETFD) == -1);
	}
	waitpid(pid, &status, 0);
	say("closefrom negative closes all", WEXITSTATUS(status));
}

/* Numbers far beyond any table of descriptors that a library may keep. */
static void high_numbers(void)
{
	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	say("setrlimit", setrlimit(RLIMIT_NOFILE, &rl));
	int fd = tcp(), highest = (int)rl.rlim_max - 1;
	const int numbers[] = { 255, 256, 1023, 1024, 1025, 4095, 4096, 65535, 65536, 65537, highest };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		int high = (int)say("dup2 high", dup2(fd, numbers[i]));
		say("connect high", con4(high, &refused));
		say("close high", close(high));
	}
	rl.rlim_cur = 8;
	setrlimit(RLIMIT_NOFILE, &rl);
	for (int i = 0; i < 8; i++)
		dup(fd);
	say("socket at the limit", tcp());
	say("dup at the limit", dup(fd));
	say("F_DUPFD at the limit", fcntl(fd, F_DUPFD, 0));
	say("connect at the limit", con4(fd, &opened));
	struct addrinfo *list;
	say("getaddrinfo of a number at the limit", getaddrinfo("192.0.2.1", NULL, NULL, &list));
	rl.rlim_cur = 1024;
	setrlimit(RLIMIT_NOFILE, &rl);
	for (int i = 3; i < 8; i++)
		close(i);
}

static void open_descriptors(const char *when)
{
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return;
	char open[256] = { 0 };
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && atoi(e->d_name) < 256 && atoi(e->d_name) != dirfd(d))
			open[atoi(e->d_name)] = 1;
	closedir(d);
	printf("open %s:", when);
	for (int i = 0; i < 256; i++)
		if (open[i])
			printf(" %d", i);
	putchar('\n');
}

static void look_up(char **argv)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	say("getaddrinfo", getaddrinfo(argv[1], argv[2], &hints, &list));
	memcpy(&opened, list->ai_addr, sizeof opened);
	freeaddrinfo(list);
	open_port = (uint16_t)atoi(argv[2]);
	refused = opened;
	refused.sin_port = htons((uint16_t)atoi(argv[3]));
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	syscall(SYS_close_range, 3, UINT32_MAX, 0); /* what the test's shell left open */
	open_descriptors("at start");
	look_up(argv);
	open_descriptors("after a lookup");
	connect_bad();
	connect_families();
	connect_outcomes();
	options();
	sockets();
	thrown_away();
	open_descriptors("after socket calls");
	high_numbers();
	open_descriptors("after the limit");
	descriptors();
	open_descriptors("at the end");
	return 0;
}
