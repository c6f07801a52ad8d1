/*
 * stray: a waiting socket goes away behind the back of anybody who follows
 * close(2), and its number comes back as another one.
 *
 *	stray HOST PORT OTHER-ADDRESS OTHER-PORT
 *
 * A non-blocking connect to the first address of HOST, which swallows SYNs, is
 * closed by fclose(3) (a call inside libc). The same number returns by
 * SCM_RIGHTS as a fresh socket, and is connected to OTHER-ADDRESS. Prints
 * "try ADDRESS" and "other ERRNO".
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_fd(int through, int fd)
{
	char byte = 0, space[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	sendmsg(through, &m, 0);
}

static int receive_fd(int through)
{
	int fd = -1;
	char byte, space[CMSG_SPACE(sizeof fd)];
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
	if (recvmsg(through, &m, 0) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	int pair[2];
	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	send_fd(pair[0], socket(AF_INET, SOCK_STREAM, 0));

	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *a;
	if (getaddrinfo(argv[1], argv[2], &hints, &a) != 0)
		return 1;
	char text[NI_MAXHOST];
	getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
	printf("try %s\n", text);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fd, a->ai_addr, a->ai_addrlen);
	fclose(fdopen(fd, "r+"));

	int other = receive_fd(pair[1]);
	if (other != fd)
		printf("the number is %d, not %d\n", other, fd);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[4])) };
	inet_pton(AF_INET, argv[3], &to.sin_addr);
	int error = connect(other, (struct sockaddr *)&to, sizeof to) == -1 ? errno : 0;
	printf("other %s\n", strerrorname_np(error));
	close(other);
	return 0;
}
