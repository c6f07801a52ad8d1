/*
 * sealed: sends by one system call, having forbidden itself all the others that send.
 *
 *	sealed ADDRESS OTHER-ADDRESS PORT [NAME]
 *
 * Looks NAME up. For each of sendto, send, sendmsg (with an address, and with one of no bytes), sendmmsg, write and writev a child
 * connects a UDP socket to ADDRESS where the call takes no address, seals itself (seccomp(2)) and sends a REGISTER.
 * Prints "CALL ADDRESS", where the request came in, or "CALL signal N". Then "writev of too many pieces ERRNO", and
 * "exit 0" or "exit signal N" of a child that ends with a TCP connect in flight, having forbidden itself to ask for it.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in to;
static char request[300];
static struct iovec whole = { request, 0 };

static ssize_t by_sendto(int fd) { return sendto(fd, request, whole.iov_len, 0, (void *)&to, sizeof to); }
static ssize_t by_send(int fd) { return send(fd, request, whole.iov_len, 0); }
static ssize_t by_write(int fd) { return write(fd, request, whole.iov_len); }
static ssize_t by_writev(int fd) { return writev(fd, &whole, 1); }

static ssize_t by_sendmsg(int fd)
{
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &whole, .msg_iovlen = 1 };
	return sendmsg(fd, &m, 0);
}

/* An address of no bytes is none: it goes to the peer. */
static ssize_t by_sendmsg_to_peer(int fd)
{
	struct msghdr m = { .msg_name = &to, .msg_iov = &whole, .msg_iovlen = 1 };
	return sendmsg(fd, &m, 0);
}

static ssize_t by_sendmmsg(int fd)
{
	struct mmsghdr m = { { .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &whole, .msg_iovlen = 1 }, 0 };
	return sendmmsg(fd, &m, 1, 0);
}

static const struct {
	const char *name;
	long number;
	ssize_t (*send)(int fd);
	int connected;
} calls[] = {
	{ "sendto", SYS_sendto, by_sendto, 0 },	       { "send", SYS_sendto, by_send, 1 },
	{ "sendmsg", SYS_sendmsg, by_sendmsg, 0 },     { "sendmsg-peer", SYS_sendmsg, by_sendmsg_to_peer, 1 },
	{ "sendmmsg", SYS_sendmmsg, by_sendmmsg, 0 },
	{ "write", SYS_write, by_write, 1 },	       { "writev", SYS_writev, by_writev, 1 },
};

enum { CALLS = sizeof calls / sizeof *calls };

static void forbid(long number)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof f / sizeof *f, f };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		_exit(2);
}

static int udp(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (at && bind(fd, (const void *)at, sizeof *at) == -1) {
		perror("bind");
		exit(2);
	}
	return fd;
}

static void send_sealed(int i)
{
	int fd = udp(NULL);
	if (calls[i].connected)
		connect(fd, (void *)&to, sizeof to);
	for (int k = 0; k < CALLS; k++)
		if (calls[k].number != calls[i].number)
			forbid(calls[k].number);
	_exit(calls[i].send(fd) == (ssize_t)whole.iov_len ? 0 : 1);
}

static void try_one(int i, struct pollfd in[2], char *const names[2])
{
	int status;
	char byte;
	whole.iov_len = (size_t)snprintf(request, sizeof request,
		"REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%d\r\nTo: <sip:x>\r\nCall-ID: %d\r\n"
		"CSeq: 1 REGISTER\r\n\r\n", i, i);
	pid_t pid = fork();
	if (pid == 0)
		send_sealed(i);
	waitpid(pid, &status, 0);
	poll(in, 2, status ? 0 : 60000);
	int at = in[0].revents ? 0 : 1;
	if (WIFSIGNALED(status))
		printf("%s signal %d\n", calls[i].name, WTERMSIG(status));
	else
		printf("%s %s\n", calls[i].name, recv(in[at].fd, &byte, 1, MSG_DONTWAIT) == 1 ? names[at] : "nowhere");
}

static void too_many_pieces(void)
{
	static struct iovec pieces[1025];
	int fd = udp(NULL);
	pieces[0] = whole;
	connect(fd, (void *)&to, sizeof to);
	printf("writev of too many pieces %s\n", writev(fd, pieces, 1025) == -1 ? strerrorname_np(errno) : "sent");
}

static void end_sealed(void)
{
	static const long asking[] = { SYS_getsockopt, SYS_getpeername, SYS_getpid, SYS_ioctl };
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd, (void *)&to, sizeof to);
		for (size_t i = 0; i < sizeof asking / sizeof *asking; i++)
			forbid(asking[i]);
		exit(0);
	}
	waitpid(pid, &status, 0);
	printf("exit %s%d\n", WIFSIGNALED(status) ? "signal " : "", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	struct addrinfo *given;
	if (argc < 4 || argc > 5 || (argc == 5 && getaddrinfo(argv[4], argv[3], NULL, &given) != 0))
		return 2;
	struct sockaddr_in other = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3])) };
	to = other;
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	inet_pton(AF_INET, argv[2], &other.sin_addr);
	struct pollfd in[2] = { { udp(&to), POLLIN, 0 }, { udp(&other), POLLIN, 0 } };
	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < CALLS; i++)
		try_one(i, in, argv + 1);
	too_many_pieces();
	end_sealed();
	return 0;
}
