/*
 * threads: many threads look one name up and connect to the first address.
 *
 *	threads HOST PORT THREADS ROUNDS [STACK-KIB]
 *
 * Prints "ADDRESS LOOKUPS CONNECTED" for each address that was first in an
 * answer, sorted, then "threads N": how many this process has at its end.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64 };

static const char *host, *port;
static long rounds;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tally {
	char address[NI_MAXHOST];
	long lookups, connected;
} tally[MOST];
static int tallies;

static void count(const char *address, int connected)
{
	pthread_mutex_lock(&lock);
	int i = 0;
	while (i < tallies && strcmp(tally[i].address, address) != 0)
		i++;
	if (i < MOST) {
		if (i == tallies)
			strcpy(tally[tallies++].address, address);
		tally[i].lookups++;
		tally[i].connected += connected;
	}
	pthread_mutex_unlock(&lock);
}

static void one_round(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	if (getaddrinfo(host, port, &hints, &list) != 0) {
		count("lookup-failed", 0);
		return;
	}
	char text[NI_MAXHOST];
	getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
	int fd = socket(list->ai_family, SOCK_STREAM, 0);
	count(text, connect(fd, list->ai_addr, list->ai_addrlen) == 0);
	close(fd);
	freeaddrinfo(list);
}

static void *work(void *arg)
{
	for (long i = 0; i < rounds; i++)
		one_round();
	return arg;
}

static int threads_now(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct tally *)a)->address, ((const struct tally *)b)->address);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	host = argv[1];
	port = argv[2];
	rounds = strtol(argv[4], NULL, 10);
	int n = atoi(argv[3]);
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	if (argc > 5)
		pthread_attr_setstacksize(&attr, strtoul(argv[5], NULL, 10) * 1024);
	pthread_t ids[MOST];
	for (int i = 0; i < n && i < MOST; i++)
		pthread_create(&ids[i], &attr, work, NULL);
	for (int i = 0; i < n && i < MOST; i++)
		pthread_join(ids[i], NULL);
	qsort(tally, (size_t)tallies, sizeof *tally, by_address);
	for (int i = 0; i < tallies; i++)
		printf("%s %ld %ld\n", tally[i].address, tally[i].lookups, tally[i].connected);
	printf("threads %d\n", threads_now());
	return 0;
}
