/*
 * listed: lives by a list of system calls, twice; between them it prints "once" and waits for a line.
 *
 *	listed open NAME PORT SERVER		calls what it wants
 *	listed FILE NAME PORT SERVER		calls what has its number in FILE, and dies of any other (seccomp(2))
 *
 * A life: looks NAME up, connects to its first address by TCP, asks it for OPTIONS and reads, the same by UDP, connected
 * and not, and asks SERVER for NAME itself. Prints the address behind each.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

static struct sock_filter filter[512] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
};

static void seal(const char *list)
{
	unsigned short n = 1;
	unsigned number;
	FILE *f = fopen(list, "r");
	while (f && n + 3 < (int)(sizeof filter / sizeof *filter) && fscanf(f, "%u", &number) == 1) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	struct sock_fprog all = {n, filter};
	if (!f || fclose(f) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == -1)
		exit(2);
}

static int said;		/* requests so far */

static size_t options(char *out, size_t room, const char *way)
{
	said++;
	return (size_t)snprintf(out, room,
				"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/%s h;rport;branch=z9hG4bK%d.%d\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:x>\r\n"
				"Call-ID: %d.%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", way, getpid(), said, getpid(), said);
}

/* Whose answer came, by getpeername(2) or as recvfrom(2) has it. */
static void talk(const struct sockaddr_in *to, int type, bool connects)
{
	char text[1024], from[INET_ADDRSTRLEN] = "nobody";
	struct sockaddr_in peer = {0};
	socklen_t len = sizeof peer;
	const int fd = socket(AF_INET, type, 0);
	const size_t n = options(text, sizeof text, type == SOCK_STREAM ? "TCP" : "UDP");
	if (!connects || connect(fd, (const void *)to, sizeof *to) == 0) {
		const ssize_t sent = connects ? send(fd, text, n, 0) : sendto(fd, text, n, 0, (const void *)to, sizeof *to);
		if (sent > 0 && recvfrom(fd, text, sizeof text, 0, (void *)&peer, &len) > 0 && peer.sin_port)
			inet_ntop(AF_INET, &peer.sin_addr, from, sizeof from);
		else if (sent > 0)
			strcpy(from, "answered");
	}
	close(fd);
	printf(" %s", from);
}

static void ask(const char *name, const char *server)
{
	unsigned char q[512];
	char first[INET_ADDRSTRLEN] = "nothing";
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
	ns_msg m;
	ns_rr r;
	inet_pton(AF_INET, server, &to.sin_addr);
	int n = res_mkquery(ns_o_query, name, ns_c_in, ns_t_a, NULL, 0, NULL, q, sizeof q);
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	sendto(fd, q, (size_t)n, 0, (void *)&to, sizeof to);
	n = (int)recv(fd, q, sizeof q, 0);
	if (n > 0 && ns_initparse(q, n, &m) == 0 && ns_parserr(&m, ns_s_an, 0, &r) == 0)
		inet_ntop(AF_INET, ns_rr_rdata(r), first, sizeof first);
	close(fd);
	printf(" %s", first);
}

static void live(char **argv)
{
	struct addrinfo *list, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	char text[INET_ADDRSTRLEN];
	if (getaddrinfo(argv[2], argv[3], &hints, &list) != 0) {
		puts("no address");
		return;
	}
	const struct sockaddr_in first = *(struct sockaddr_in *)(void *)list->ai_addr;
	freeaddrinfo(list);
	printf("%s", inet_ntop(AF_INET, &first.sin_addr, text, sizeof text));
	talk(&first, SOCK_STREAM, true);
	talk(&first, SOCK_DGRAM, true);
	talk(&first, SOCK_DGRAM, false);
	ask(argv[2], argv[4]);
	puts("");
}

int main(int argc, char **argv)
{
	char line[16];
	if (argc != 5)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	res_init();
	if (strcmp(argv[1], "open") == 0)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);	/* where the list begins, for who traces it */
	else
		seal(argv[1]);
	live(argv);
	puts("once");
	if (!fgets(line, sizeof line, stdin))
		return 1;
	live(argv);
	return 0;
}
