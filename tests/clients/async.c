/*
 * async: looks names up by getaddrinfo_a(3).
 *
 *	async wait|suspend|poll|thread|threads NAME...
 *
 * wait: GAI_WAIT. suspend: gai_suspend(3), then gai_error(3). poll: gai_error alone.
 * thread: told by a thread (SIGEV_THREAD). threads: four threads ask gai_error of each
 * request at once, and walk its list when it is there. Prints a line for each name:
 * its addresses in order, or what went wrong. Asking once more must change nothing.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 64, TEXT = 4096, ASKERS = 4 };

static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
static struct gaicb request[NAMES], *list[NAMES];
static int n;
static sem_t told;

static void result_text(const struct gaicb *g, int r, char out[static TEXT])
{
	size_t used = 0;
	char text[NI_MAXHOST];
	out[0] = '\0';
	if (r != 0)
		snprintf(out, TEXT, "error: %s", gai_strerror(r));
	for (const struct addrinfo *ai = r == 0 ? g->ar_result : NULL; ai; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
			errx(1, "a bad address");
		used += (size_t)snprintf(out + used, TEXT - used, "%s%s", used ? " " : "", text);
		if (used >= TEXT)
			errx(1, "a list without end");
	}
}

static void print_result(struct gaicb *g)
{
	char once[TEXT], again[TEXT];
	result_text(g, gai_error(g), once);
	result_text(g, gai_error(g), again);
	if (strcmp(once, again) != 0)
		errx(1, "%s: '%s', and asked once more '%s'", g->ar_name, once, again);
	puts(once);
}

static void suspend_until_done(void)
{
	for (int i = 0; i < n; i++)
		while (gai_error(list[i]) == EAI_INPROGRESS)
			gai_suspend((const struct gaicb *const *)&list[i], 1, NULL);
}

static void poll_until_done(void)
{
	for (int i = 0; i < n; i++)
		while (gai_error(list[i]) == EAI_INPROGRESS)
			usleep(1000);
}

static void tell(union sigval value)
{
	(void)value;
	sem_post(&told);
}

/* Each finds the whole list, in the order in which all others find it. */
static void *asker(void *arg)
{
	static char seen[NAMES][TEXT];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	char text[TEXT];
	(void)arg;
	for (int i = 0, r; i < n; i++) {
		while ((r = gai_error(list[i])) == EAI_INPROGRESS)
			;
		result_text(list[i], r, text);
		pthread_mutex_lock(&lock);
		if (!seen[i][0])
			strcpy(seen[i], text);
		if (strcmp(seen[i], text) != 0)
			errx(1, "%s: '%s' for one thread, '%s' for another", list[i]->ar_name, seen[i], text);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void ask_in_threads(void)
{
	pthread_t thread[ASKERS];
	for (int i = 0; i < ASKERS; i++)
		if (pthread_create(&thread[i], NULL, asker, NULL) != 0)
			errx(1, "pthread_create");
	for (int i = 0; i < ASKERS; i++)
		pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(2, "usage: async wait|suspend|poll|thread|threads NAME...");
	const char *way = argv[1];
	struct sigevent by_thread = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = tell};
	int wait = strcmp(way, "wait") == 0;
	for (n = 0; n < argc - 2 && n < NAMES; n++) {
		memset(&request[n], 0xa5, sizeof request[n]);
		request[n].ar_name = argv[n + 2];
		request[n].ar_service = "5060";
		request[n].ar_request = &hints;
		list[n] = &request[n];
	}
	sem_init(&told, 0, 0);
	int r = getaddrinfo_a(wait ? GAI_WAIT : GAI_NOWAIT, list, n, strcmp(way, "thread") == 0 ? &by_thread : NULL);
	if (r != 0)
		errx(1, "getaddrinfo_a: %s", gai_strerror(r));
	if (strcmp(way, "suspend") == 0)
		suspend_until_done();
	else if (strcmp(way, "poll") == 0)
		poll_until_done();
	else if (strcmp(way, "thread") == 0)
		sem_wait(&told);
	else if (strcmp(way, "threads") == 0)
		ask_in_threads();
	for (int i = 0; i < n; i++) {
		print_result(list[i]);
		if (gai_error(list[i]) == 0)
			freeaddrinfo(list[i]->ar_result);
	}
	return 0;
}
