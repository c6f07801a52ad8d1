/*
 * lookup: resolve a name as an unmodified program would, and print what came.
 *
 *	lookup [-4|-6] [-c] [-m] [-x] [-f gai|ghbn|ghbn2|ghbn_r] [-p SERVICE] [-n N] [-w] [-d] [-u UID] [-S] HOST...
 *
 * One line for each lookup: the addresses in the order given, or the error's
 * name. -c asks for the canonical name and prints it first; -m is AI_V4MAPPED,
 * -x adds AI_ALL; -n repeats; -w waits for a line on stdin before each
 * lookup, so that a test steers a process that is already running; -d closes
 * all descriptors from 3 on first, as daemons do; -u gives up root for UID; -S
 * prints whether the process is set-id (AT_SECURE) and has the shim in it.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <link.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
static const char *service;

static const char *gai_name(int rc)
{
	static const struct { int rc; const char *name; } names[] = {
		{ EAI_AGAIN, "EAI_AGAIN" },   { EAI_FAIL, "EAI_FAIL" },	      { EAI_FAMILY, "EAI_FAMILY" },
		{ EAI_NONAME, "EAI_NONAME" }, { EAI_NODATA, "EAI_NODATA" },   { EAI_SERVICE, "EAI_SERVICE" },
		{ EAI_SYSTEM, "EAI_SYSTEM" }, { EAI_MEMORY, "EAI_MEMORY" },   { EAI_BADFLAGS, "EAI_BADFLAGS" },
		{ EAI_SOCKTYPE, "EAI_SOCKTYPE" }, { EAI_ADDRFAMILY, "EAI_ADDRFAMILY" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].rc == rc)
			return names[i].name;
	return "EAI_?";
}

static void by_getaddrinfo(const char *host)
{
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, service, &hints, &list);
	if (rc != 0) {
		puts(gai_name(rc));
		return;
	}
	const char *gap = "";
	if (hints.ai_flags & AI_CANONNAME) {
		printf("%s", list->ai_canonname ? list->ai_canonname : "(none)");
		gap = " ";
	}
	for (const struct addrinfo *a = list; a; a = a->ai_next, gap = " ") {
		char text[NI_MAXHOST];
		rc = getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
		printf("%s%s", gap, rc == 0 ? text : gai_name(rc));
	}
	putchar('\n');
	freeaddrinfo(list);
}

static void print_hostent(const struct hostent *h, int error)
{
	if (!h) {
		printf("h_errno %d\n", error);
		return;
	}
	const char *gap = "";
	for (char **a = h->h_addr_list; *a; a++, gap = " ") {
		char text[INET6_ADDRSTRLEN] = "?";
		inet_ntop(h->h_addrtype, *a, text, sizeof text);
		printf("%s%s", gap, text);
	}
	putchar('\n');
}

static void by_gethostbyname_r(const char *host)
{
	char buffer[8192];
	struct hostent h, *result = NULL;
	int error = 0;
	gethostbyname_r(host, &h, buffer, sizeof buffer, &result, &error);
	print_hostent(result, error);
}

static void one(const char *how, const char *host)
{
	int af = hints.ai_family ? hints.ai_family : AF_INET;
	if (strcmp(how, "ghbn") == 0)
		print_hostent(gethostbyname(host), h_errno);
	else if (strcmp(how, "ghbn2") == 0)
		print_hostent(gethostbyname2(host, af), h_errno);
	else if (strcmp(how, "ghbn_r") == 0)
		by_gethostbyname_r(host);
	else
		by_getaddrinfo(host);
	fflush(stdout);
}

static int is_shim(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	return strstr(info->dlpi_name, "libstickydns") != NULL;
}

static void drop_root(uid_t uid)
{
	if (setresgid(uid, uid, uid) == -1 || setresuid(uid, uid, uid) == -1)
		exit(3);
}

int main(int argc, char **argv)
{
	const char *how = "gai";
	long count = 1;
	bool wait = false;
	for (int c; (c = getopt(argc, argv, "46cmxSf:p:n:wdu:")) != -1;) {
		switch (c) {
		case '4': hints.ai_family = AF_INET; break;
		case '6': hints.ai_family = AF_INET6; break;
		case 'c': hints.ai_flags |= AI_CANONNAME; break;
		case 'm': hints.ai_flags |= AI_V4MAPPED; break;
		case 'x': hints.ai_flags |= AI_ALL; break;
		case 'S': 
			printf("secure=%lu shim=%d\n", getauxval(AT_SECURE), dl_iterate_phdr(is_shim, NULL));
			break;
		case 'f': how = optarg; break;
		case 'p': service = optarg; break;
		case 'n': count = strtol(optarg, NULL, 10); break;
		case 'w': wait = true; break;
		case 'd': closefrom(3); break;
		case 'u': drop_root((uid_t)atoi(optarg)); break;
		default: return 2;
		}
	}
	for (long i = 0; i < count || wait; i++) {
		char line[8];
		if (wait && !fgets(line, sizeof line, stdin))
			break;
		for (char **host = argv + optind; *host; host++)
			one(how, *host);
	}
	return 0;
}
