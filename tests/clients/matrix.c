/*
 * matrix: what the resolver calls return over a matrix of arguments, as text.
 *
 *	matrix [gai|quick|hostent] NAME...
 *
 * For each NAME, and for NULL, the empty name and one of 300 characters:
 * `gai` runs getaddrinfo over families, socket types, flags and services;
 * `quick` over a fifth of them; `hostent` the gethostby* calls, the _r forms
 * with every interesting buffer size and alignment. One line a call: the
 * arguments, the return code, errno (or h_errno) where it means something, and
 * the answer as a sorted set, so that two runs can be compared by diff(1)
 * though the order differs.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST = 256, TEXT = 320 };

static char rows[MOST][TEXT];
static int row_count;
static bool quick;

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static char *new_row(void) { return rows[row_count < MOST - 1 ? row_count++ : MOST - 1]; }

static void print_rows(void)
{
	qsort(rows, (size_t)row_count, sizeof *rows, by_text);
	for (int i = 0; i < row_count; i++)
		printf(" [%s]", rows[i]);
	row_count = 0;
	putchar('\n');
}

static const char *shown(const char *s) { return !s ? "NULL" : strlen(s) > 60 ? "(long)" : s; }

static void add_node(const struct addrinfo *a)
{
	char text[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
	getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(new_row(), TEXT, "%s#%s af%d/%d type%d proto%d flags%x len%u", text, port, a->ai_family,
		 a->ai_addr->sa_family, a->ai_socktype, a->ai_protocol, (unsigned)a->ai_flags,
		 (unsigned)a->ai_addrlen);
}

static void one_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints)
{
	struct addrinfo *list = NULL;
	errno = 0;
	int rc = getaddrinfo(name, service, hints, &list);
	int error = errno;
	printf("gai %s %s ", shown(name), shown(service));
	if (hints)
		printf("af%d type%d proto%d flags%x:", hints->ai_family, hints->ai_socktype, hints->ai_protocol,
		       (unsigned)hints->ai_flags);
	printf(" rc=%d errno=%d", rc, rc == EAI_SYSTEM ? error : 0);
	if (rc == 0) {
		printf(" canon=%s", shown(list->ai_canonname));
		int later = 0;
		for (const struct addrinfo *a = list; a; a = a->ai_next) {
			add_node(a);
			later += a != list && a->ai_canonname;
		}
		printf(" later-canons=%d", later);
		freeaddrinfo(list);
	}
	print_rows();
}

static const int flags_tried[] = {
	0,
	AI_CANONNAME,
	AI_PASSIVE,
	AI_NUMERICHOST,
	AI_NUMERICSERV,
	AI_ADDRCONFIG,
	AI_V4MAPPED,
	AI_V4MAPPED | AI_ALL,
	AI_ALL,
	AI_CANONNAME | AI_ADDRCONFIG,
	AI_CANONNAME | AI_V4MAPPED | AI_ALL,
	AI_V4MAPPED | AI_ADDRCONFIG,
	AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG,
	AI_PASSIVE | AI_CANONNAME,
	AI_NUMERICHOST | AI_CANONNAME,
	AI_PASSIVE | AI_V4MAPPED,
	AI_NUMERICSERV | AI_ADDRCONFIG | AI_V4MAPPED,
	AI_IDN | AI_CANONNAME,
	1 << 30,
};

static void all_flags(const char *name, const char *service, int family, int type)
{
	static int turn;
	for (size_t i = 0; i < sizeof flags_tried / sizeof *flags_tried; i++) {
		struct addrinfo hints = { .ai_family = family, .ai_socktype = type, .ai_flags = flags_tried[i] };
		if (!quick || turn++ % 5 == 0)
			one_getaddrinfo(name, service, &hints);
	}
}

static void getaddrinfo_matrix(const char *name)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX };
	static const int types[] = { 0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 77 };
	static const char *const services[] = { NULL, "sip", "5060", "nonsense" };
	for (size_t s = 0; s < sizeof services / sizeof *services; s++) {
		one_getaddrinfo(name, services[s], NULL);
		for (size_t f = 0; f < sizeof families / sizeof *families; f++)
			for (size_t t = 0; t < sizeof types / sizeof *types; t++)
				all_flags(name, services[s], families[f], types[t]);
	}
	one_getaddrinfo(name, "5060", &(struct addrinfo){ .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_UDP });
	one_getaddrinfo(name, "5060", &(struct addrinfo){ .ai_protocol = IPPROTO_UDP });
	one_getaddrinfo(name, "99999", &(struct addrinfo){ .ai_socktype = SOCK_STREAM });
	one_getaddrinfo(name, "", &(struct addrinfo){ .ai_socktype = SOCK_STREAM });
}

static void print_hostent(const struct hostent *h, int error)
{
	if (!h) {
		printf(" h_errno=%d\n", error);
		return;
	}
	printf(" name=%s af=%d len=%d", h->h_name, h->h_addrtype, h->h_length);
	for (char **a = h->h_aliases; *a; a++)
		snprintf(new_row(), TEXT, "alias %s", *a);
	for (char **a = h->h_addr_list; *a; a++) {
		char text[INET6_ADDRSTRLEN] = "?";
		inet_ntop(h->h_addrtype, *a, text, sizeof text);
		snprintf(new_row(), TEXT, "%s", text);
	}
	print_rows();
}

/* Of any other family glibc's own files module dies by assertion. */
static const int families[] = { AF_INET, AF_INET6 };

static void plain_hostents(const char *name)
{
	h_errno = 0;
	printf("gethostbyname %s", shown(name));
	const struct hostent *h = gethostbyname(name);
	print_hostent(h, h_errno);
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		h_errno = 0;
		printf("gethostbyname2 %s af%d", shown(name), families[i]);
		h = gethostbyname2(name, families[i]);
		print_hostent(h, h_errno);
	}
}

/* Into `size` bytes that begin `skew` bytes past an aligned address; what lies after them must stay. */
static void one_r(const char *name, int family, size_t size, size_t skew)
{
	static char space[16384] __attribute__((aligned(64)));
	struct hostent h, *result = &h;
	int error = 0;
	memset(space, 0x5a, sizeof space);
	errno = 0;
	int rc = family == -1
			 ? gethostbyname_r(name, &h, space + skew, size, &result, &error)
			 : gethostbyname2_r(name, family, &h, space + skew, size, &result, &error);
	int seen = errno;
	printf("gethostbyname_r %s af%d size%zu+%zu rc=%d errno=%d", shown(name), family, size, skew, rc,
	       rc ? seen : 0);
	for (size_t i = skew + size; i < sizeof space; i++)
		if (space[i] != 0x5a) {
			printf(" OVERRUN");
			break;
		}
	print_hostent(result, error);
}

static void hostent_matrix(const char *name)
{
	static const size_t sizes[] = { 0,   1,	  16,  32,  48,	 64,  80,  96,	112,  128,  144,  160,	176,
					192, 208, 224, 240, 256, 320, 384, 512, 1024, 1040, 2048, 4096, 8192 };
	plain_hostents(name);
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
		for (size_t skew = 0; skew < 4; skew += 3) {
			one_r(name, -1, sizes[s], skew);
			for (size_t i = 0; i < sizeof families / sizeof *families; i++)
				one_r(name, families[i], sizes[s], skew);
		}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	static char overlong[301];
	memset(overlong, 'x', 300);
	for (int i = 50; i < 300; i += 50)
		overlong[i] = '.';
	quick = strcmp(argv[1], "quick") == 0;
	bool hostent = strcmp(argv[1], "hostent") == 0;
	void (*run)(const char *) = hostent ? hostent_matrix : getaddrinfo_matrix;
	for (int i = 2; i < argc; i++)
		run(argv[i]);
	run("");
	run(overlong);
	if (!hostent)
		run(NULL);
	return 0;
}
