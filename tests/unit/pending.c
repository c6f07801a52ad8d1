/*
 * pending.c: TCP connects in flight: which call shows how each ended, what that proves, and what proves nothing.
 *
 * Server 1 listens, 2 refuses, and 3 is silent: its queue is full, so that the kernel drops what comes.
 */
#define SHIMLAB_PORT 7070		/* no SIP: a connect proves the server, not only its socket */
#include "shim/core/avoid.h"
#include "shim/tcp/pending.h"
#include "tests/unit/shimlab.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { LISTENS = 1, REFUSES = 2, SILENT = 3 };

static int fill[4];

/* A queue of one: two connections fill it. */
static bool silence(int server)
{
	const struct sockaddr_in sa = shimlab_sockaddr(SILENT);
	for (size_t i = 0; server >= 0 && i < sizeof fill / sizeof *fill; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fill[i], (const struct sockaddr *)&sa, sizeof sa);
	}
	return server >= 0;
}

/* A connect without waiting; -1: it was over at once. */
static int begin(unsigned server)
{
	const struct sockaddr_in sa = shimlab_sockaddr(server);
	struct tcp_connect c = {.to = shimlab_endpoint(server, TRANSPORT_TCP), .since = tick_now()};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	c.original = c.to;
	c.ref = addr_find(shimlab.t, &c.to.addr);
	fd_set_class(fd, FD_STREAM);
	if (pending_connect(shimlab.t, fd, (const struct sockaddr *)&sa, sizeof sa, &c) == -1 && errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

static void over(int fd)
{
	fd_set_class(fd, FD_UNKNOWN);
	close(fd);
}

static void connected(void)
{
	struct tcp_connect c;
	bool confirmed = false;
	check_row("a connect that came through");
	const int fd = begin(LISTENS);
	check_true("is in flight", fd >= 0 && pending_mine(fd) && fd_class(fd) == FD_PENDING);
	check_true("is one of all", pending_all().left == 1);
	check_true("comes through", pending_look(fd, false, &c));
	check_true("and is off the table", !pending_mine(fd) && fd_class(fd) == FD_STREAM && pending_all().left == 0);
	check_number("the pin", LISTENS, shimlab_pin(&confirmed));
	check_true("is confirmed", confirmed);
	check_true("once", !pending_conclude(fd, CAUSE_CONNECTED, &c));
	over(fd);
}

static void by_error(void)
{
	struct tcp_connect c;
	check_row("SO_ERROR was read");
	const int fd = begin(LISTENS), silent = begin(SILENT);
	check_true("no error, and it is there", pending_error_read(fd, 0, &c));
	check_true("no error, and it is not", !pending_error_read(silent, 0, &c) && pending_mine(silent));
	check_true("an error", !pending_error_read(silent, ECONNREFUSED, &c) && fd_class(silent) == FD_STREAM);
	over(fd);
	over(silent);
}

/* How long it waits, then how it ends. */
static void unanswered(void)
{
	static const struct {
		const char *rule;
		double wait_s;
		bool give_up;		/* or is only looked at */
		bool avoided, stays;	/* expected: this program avoids it; it is pending still */
	} rows[] = {
		{"looked at early", 1, false, false, true},
		{"looked at after 4 s: it has failed", 4, false, false, false},
		{"given up at once: the loser of happy eyeballs", 0, true, false, false},
		{"given up after a second", 1, true, true, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct endpoint to = shimlab_endpoint(SILENT, TRANSPORT_TCP);
		struct tcp_connect c;
		check_row("unanswered, %s", rows[i].rule);
		clock_after(3600);
		const int fd = begin(SILENT);
		check_true("in flight", fd >= 0);
		clock_after(rows[i].wait_s);
		check_true("waits", pending_waits(fd, pending_at(fd)) == (rows[i].wait_s > 0.2));
		if (rows[i].give_up)
			pending_give_up(fd);
		else
			check_true("no stream", !pending_look(fd, false, &c));
		check_true("pending", pending_mine(fd) == rows[i].stays);
		check_true("avoided", avoid_now(shimlab.t, &to) == rows[i].avoided);
		if (rows[i].stays)
			pending_conclude(fd, CAUSE_NONE, &c);
		over(fd);
	}
}

static void lost(void)
{
	struct tcp_connect c;
	check_row("its number is another socket");
	clock_after(3600);
	const int fd = begin(SILENT), other = socket(AF_INET, SOCK_STREAM, 0);
	dup2(other, fd);
	check_true("no outcome", !pending_look(fd, false, &c));
	check_true("and it is unknown", fd_class(fd) == FD_UNKNOWN && pending_all().left == 0);
	close(other);
	over(fd);
}

static void only_long(void)
{
	struct tcp_connect c;
	check_row("only those of more than 3 s");
	clock_after(3600);
	const int fd = begin(LISTENS);
	check_true("young", !pending_look(fd, true, &c) && pending_mine(fd));
	clock_after(4);
	check_true("old", pending_look(fd, true, &c) && !pending_mine(fd));
	over(fd);
}

static void children(void)
{
	check_row("a child");
	const int fd = begin(SILENT);
	int status = 1;
	const pid_t child = fork();
	if (child == 0) {
		const bool mine = pending_mine(fd);
		pending_give_up(fd);
		_exit(mine || fd_class(fd) != FD_UNKNOWN);
	}
	waitpid(child, &status, 0);
	check_number("has none, and blames nobody", 0, (unsigned)status);
	check_true("its parent's stays", pending_mine(fd));
	check_row("a duplicate");
	const int copy = dup(fd);
	pending_copy(fd, copy);
	check_true("is pending too", pending_mine(copy) && pending_all().left == 2);
	pending_give_up(copy);
	pending_give_up(fd);
	check_true("each ends by itself", pending_all().left == 0);
	over(copy);
	over(fd);
}

static void refused(void)
{
	struct tcp_connect c;
	check_row("refused");
	clock_after(3600);
	shimlab_lookup();
	const int fd = begin(REFUSES);
	if (fd >= 0) {
		check_true("no stream", !pending_look(fd, false, &c));
		check_true("over", fd_class(fd) == FD_STREAM);
		over(fd);
	}
	struct name_view v;
	check_true("seen", pins_view(shimlab.t, shimlab.ref, &v));
	for (size_t i = 0; i < v.n_candidates; i++)
		if (v.candidates[i].addr.bytes[15] == REFUSES)
			check_number("its last cause", CAUSE_REFUSED, v.candidates[i].worst.last_cause);
}

int main(void)
{
	shimlab_start(1);
	check_row("a server, and one that is silent");
	if (!shimlab_can_follow() || shimlab_server(LISTENS, SOCK_STREAM, 64) < 0 ||
	    !silence(shimlab_server(SILENT, SOCK_STREAM, 0))) {
		check_skip("no cookies of sockets, or the addresses are taken");
		return check_done();
	}
	connected();
	by_error();
	unanswered();
	lost();
	only_long();
	children();
	refused();
	return check_done();
}
