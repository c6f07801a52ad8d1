/*
 * watch: what pinwatch costs those it does not watch, and how soon it moves a pin.
 *
 *	watch PINWATCH TABLE
 *
 * As root, on loopback. TABLE has no names yet. Of all rows but the last the bare
 * side is without pinwatch, the other with it: started and ended between the samples
 * of a pair. Of the last, the bare side is nothing: from before a connect that is
 * refused until another process, which looks the name up without a pause, is led
 * elsewhere.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"
#include "pins.h"

enum { PORT = 25061, ROUNDS = 2000, PARTS = 20, ROUND_PAIRS = 41, MOVES = 301, WAIT_S = 5 };

static const char *pinwatch_path, *table_path, *cgroup = "none";

/* ---- pinwatch ---- */

/* sd_notify(3): it is ready when it says so. */
static int manager(char path[static 64])
{
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = WAIT_S};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(path, 64, "/tmp/stickydns-bench-%d", (int)getpid());
	memcpy(here.sun_path, path, 64);
	unlink(path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&here, sizeof here) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1)
		broken("no socket: %s", strerror(errno));
	return fd;
}

static pid_t pinwatch_start(void)
{
	char path[64], said[64] = "";
	int fd = manager(path);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);	/* whatever breaks here */
		setenv("NOTIFY_SOCKET", path, 1);
		setenv("RUNTIME_DIRECTORY", "/tmp", 1);
		execl(pinwatch_path, pinwatch_path, "--table", table_path, cgroup ? "--cgroup" : NULL, cgroup, (char *)NULL);
		_exit(127);
	}
	ssize_t n = recv(fd, said, sizeof said - 1, 0);
	if (pid == -1 || n == -1 || strncmp(said, "READY=1", 7) != 0)
		broken("%s does not get ready", pinwatch_path);
	close(fd);
	unlink(path);
	return pid;
}

static void pinwatch_stop(pid_t pid)
{
	int status;
	if (kill(pid, SIGTERM) == -1 || waitpid(pid, &status, 0) == -1 || status != 0)
		broken("%s does not end well", pinwatch_path);
}

/* ---- rounds ---- */

struct rounds {
	struct sockaddr_in to;
	int listener;			/* of TCP */
	int from, at;			/* of UDP */
};

static void tcp_round(const struct rounds *r)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(client, (const struct sockaddr *)&r->to, sizeof r->to) == -1)
		broken("connect: %s", strerror(errno));
	int server = accept(r->listener, NULL, NULL);
	close(server);			/* resets: SO_LINGER goes with it */
	close(client);
}

static void udp_round(const struct rounds *r)
{
	char byte = 'x';
	if (sendto(r->from, &byte, 1, 0, (const struct sockaddr *)&r->to, sizeof r->to) != 1 || recv(r->at, &byte, 1, 0) != 1)
		broken("datagram: %s", strerror(errno));
}

/* The quickest of PARTS, so that what else runs on the machine, which lasts longer than any of them, is left out. */
static uint64_t timed(const struct rounds *r, size_t n, void (*round)(const struct rounds *))
{
	uint64_t best = UINT64_MAX;
	for (size_t part = 0; part <= PARTS; part++) {		/* the first one warms up */
		uint64_t start = now_ns();
		for (size_t i = 0; i < n / PARTS; i++)
			round(r);
		uint64_t ns = now_ns() - start;
		if (part > 0 && ns < best)
			best = ns;
	}
	return best * PARTS;
}

static uint64_t with_or_without(const struct rounds *r, enum way way, size_t n, void (*round)(const struct rounds *))
{
	pid_t pid = way == OURS ? pinwatch_start() : 0;
	uint64_t ns = timed(r, n, round);
	if (pid)
		pinwatch_stop(pid);
	return ns;
}

static uint64_t run_tcp(void *arg, enum way way, size_t n) { return with_or_without(arg, way, n, tcp_round); }
static uint64_t run_udp(void *arg, enum way way, size_t n) { return with_or_without(arg, way, n, udp_round); }

static void bench_rounds(void)
{
	static struct rounds r = {.to = {.sin_family = AF_INET}};
	const struct linger reset = {.l_onoff = 1};
	r.to.sin_port = htons(PORT);
	r.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r.at = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r.from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(r.listener, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (bind(r.listener, (struct sockaddr *)&r.to, sizeof r.to) == -1 || listen(r.listener, 16) == -1 ||
	    bind(r.at, (struct sockaddr *)&r.to, sizeof r.to) == -1)
		broken("port %d: %s", PORT, strerror(errno));
	measure(&(struct row){"connect, accept, close, pinwatch --cgroup none", BOUND_PERCENT, 2, run_tcp, &r, ROUNDS, ROUND_PAIRS});
	cgroup = NULL;
	measure(&(struct row){"connect, accept, close, pinwatch", BOUND_PERCENT, 2, run_tcp, &r, ROUNDS, ROUND_PAIRS});
	measure(&(struct row){"datagram sent, received, pinwatch", BOUND_NONE, 0, run_udp, &r, 10 * ROUNDS, ROUND_PAIRS});
	close(r.listener);
	close(r.at);
	close(r.from);
}

/* ---- a failure, and the lookup that is led elsewhere ---- */

static struct table table;

static struct address pool_address(uint8_t last)
{
	const uint8_t bytes[] = {127, 9, 9, last};
	struct address a;
	address_from_bytes(AF_INET, bytes, &a);
	return a;
}

/* As getaddrinfo under the shim would: an answer of two addresses comes, and is ordered by the pin. */
static struct address led_to(const struct name *n)
{
	struct pool pool[FAMILIES] = {0};
	struct name_ref ref;
	const struct lookup l = {.name = n};
	pool[FAMILY_V4] = (struct pool){.asked = true, .first = true, .n = 2, .addr = {pool_address(1), pool_address(2)}};
	if (!pins_answer(&table, &l, pool, &ref))
		broken("the table takes no name");
	return pool[FAMILY_V4].addr[0];
}

static void forget(const struct name *n)
{
	const struct outcome one = {.endpoint = {pool_address(1), PORT, TRANSPORT_TCP}, .reach = 1};
	const struct outcome two = {.endpoint = {pool_address(2), PORT, TRANSPORT_TCP}, .reach = 1};
	pins_succeeded(&table, &one);
	pins_succeeded(&table, &two);
	pins_drop(&table, n);
}

/* In another process: until a lookup leads elsewhere; when that was, through shared memory. */
static void look_on(const struct name *n, const struct address *was, _Atomic uint64_t *when)
{
	struct address now;
	*when = 1;
	do
		now = led_to(n);
	while (address_equal(&now, was));
	*when = now_ns();
	_exit(0);
}

static double move_once(const struct name *n, _Atomic uint64_t *when)
{
	forget(n);
	const struct address was = led_to(n);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	address_to_sockaddr(&was, (struct sockaddr *)&to);
	*when = 0;
	pid_t pid = fork();
	if (pid == 0)
		look_on(n, &was, when);
	while (*when == 0)
		usleep(100);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t start = now_ns(), limit = start + WAIT_S * 1000000000ull;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != -1)
		broken("port %d is open", PORT);
	close(fd);
	while (*when == 1 && now_ns() < limit)
		usleep(100);
	if (*when == 1) {
		kill(pid, SIGKILL);
		broken("no pin moved within %d s", WAIT_S);
	}
	waitpid(pid, NULL, 0);
	return (double)(*when - start);
}

static void bench_move(void)
{
	static double ns[MOVES];
	struct name n;
	_Atomic uint64_t *when = mmap(NULL, sizeof *when, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (when == MAP_FAILED || store_open(table_path, &table) != STORE_OK || name_canonical("pool.bench.test", &n) != NAME_OK)
		broken("no table");
	pid_t pid = pinwatch_start();
	led_to(&n);
	usleep(100000);
	for (size_t i = 0; i < MOVES; i++)
		ns[i] = move_once(&n, when);
	pinwatch_stop(pid);
	double m = median(ns, MOVES);
	const struct row row = {"refused, until another process is led elsewhere", BOUND_NS, 1000000, NULL, NULL, 0, 0};
	print_row(&row, MOVES, 0, m, m, 0);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	pinwatch_path = argv[1];
	table_path = argv[2];
	bench_rounds();
	bench_move();
	return 0;
}
