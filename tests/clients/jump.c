/*
 * jump: leave a lookup by siglongjmp, often, then look up again.
 *
 *	jump TIMES HOST
 *
 * While DNS is silent (the test sees to that) each of TIMES lookups is left
 * after 20 ms by siglongjmp from a signal handler, from deep frames and
 * shallow ones in turn, the last from a shallow one. Then prints "silent
 * over?", waits for a line on stdin, and prints the first address of five
 * lookups from a deeper frame ("deep ADDRESS"), then of five from a frame as
 * shallow: no guard may rest on where the stack was.
 */
#define _GNU_SOURCE 1
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf out;

static void on_alarm(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static void first_address(const char *word, const char *host)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	int rc = getaddrinfo(host, "5060", &hints, &list);
	if (rc != 0) {
		printf("%s %s\n", word, gai_strerror(rc));
		return;
	}
	char text[NI_MAXHOST];
	getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
	printf("%s %s\n", word, text);
	freeaddrinfo(list);
}

static void __attribute__((noinline)) at_depth(int frames, const char *word, const char *host)
{
	volatile char weight[2048];
	weight[0] = 1;
	if (frames > 0)
		at_depth(frames - 1, word, host);
	else
		first_address(word, host);
	weight[1] = weight[0];
}

static void jump_out(int depth, const char *host)
{
	if (sigsetjmp(out, 1) == 0) {
		setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 20000 }, NULL);
		at_depth(depth, "not silent", host);
		setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	struct sigaction sa = { .sa_handler = on_alarm };
	sigaction(SIGALRM, &sa, NULL);
	int times = atoi(argv[1]);
	for (int i = 0; i < times; i++)
		jump_out((times - i) % 2 ? 0 : 20, argv[2]);
	puts("silent over?");
	fflush(stdout);
	(void)!getchar();
	for (int i = 0; i < 10; i++)
		at_depth(i < 5 ? 10 : 0, i < 5 ? "deep" : "shallow", argv[2]);
	return 0;
}
