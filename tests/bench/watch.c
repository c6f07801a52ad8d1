/*
 * watch: what pinwatch costs those it does not watch, and how soon it moves a pin.
 *
 *	watch PINWATCH TABLE
 *
 * As root, on loopback. TABLE has a name that leads to 127.9.9.9. Of all rows but the last the bare
 * side is without pinwatch, the other with it: started and ended between the samples
 * of a pair. Of the last, the bare side is nothing: from before a connect that is
 * refused until another process, which looks the name up without a pause, is led
 * elsewhere.
 */
#include <sys/mman.h>

#include "policy/base/clock.h"
#include "policy/pins/admin.h"
#include "policy/pins/answer.h"
#include "policy/pins/order.h"
#include "policy/pins/report.h"
#include "tests/bench/pinwatch.h"
#include "tests/bench/rounds.h"

enum { PORT = 25061, SERVER = 0x7f090909, SETTLE_US = 50000, ROUNDS = 2000, ROUND_PAIRS = 41, MOVES = 301 };

static const char *pinwatch_path, *table_path;
static bool busy;		/* somebody connects to a server of the table */

/* ---- pinwatch ---- */

static pid_t start(void)
{
	return pinwatch_start((const char *const[]){pinwatch_path, "--table", table_path, NULL});
}

/* To one that is refused. Nothing tells that pinwatch has seen it, or would: so it has time for both. */
static void connect_to_server(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(SERVER)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	usleep(SETTLE_US);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != -1)
		broken("port %d is open", PORT);
	close(fd);
	usleep(SETTLE_US);
}

/* ---- rounds ---- */

static uint64_t with_or_without(const struct rounds *r, enum way way, size_t n, void (*round)(const struct rounds *))
{
	pid_t pid = way == OURS ? start() : 0;
	if (pid && busy)
		connect_to_server();
	uint64_t ns = timed(r, n, round);
	if (pid)
		pinwatch_stop(pid);
	return ns;
}

static uint64_t run_tcp(void *arg, enum way way, size_t n) { return with_or_without(arg, way, n, tcp_round); }
static uint64_t run_udp(void *arg, enum way way, size_t n) { return with_or_without(arg, way, n, udp_round); }

static void bench_rounds(void)
{
	struct rounds r;
	rounds_open(&r, PORT);
	measure(&(struct row){"connect, accept, close, pinwatch", BOUND_PERCENT, 2, run_tcp, &r, ROUNDS, ROUND_PAIRS});
	busy = true;
	measure(&(struct row){"the same, while somebody connects to a server", BOUND_NONE, 0, run_tcp, &r, ROUNDS, ROUND_PAIRS});
	busy = false;
	measure(&(struct row){"datagram sent, received, pinwatch", BOUND_NONE, 0, run_udp, &r, 10 * ROUNDS, ROUND_PAIRS});
	rounds_close(&r);
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
	if (!pins_order(&table, &l, ORDER_DNS, pool, &ref))
		broken("the table takes no name");
	return pool[FAMILY_V4].addr[0];
}

static void forget(const struct name *n)
{
	const struct outcome one = {.endpoint = {pool_address(1), PORT, TRANSPORT_TCP}, .kind = OUTCOME_SUCCEEDED, .reach = 1};
	const struct outcome two = {.endpoint = {pool_address(2), PORT, TRANSPORT_TCP}, .kind = OUTCOME_SUCCEEDED, .reach = 1};
	pins_report(&table, &one);
	pins_report(&table, &two);
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
	*when = bench_ns();
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
	uint64_t start = bench_ns(), limit = start + WAIT_S * 1000000000ull;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != -1)
		broken("port %d is open", PORT);
	close(fd);
	while (*when == 1 && bench_ns() < limit)
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
	pid_t pid = start();
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
