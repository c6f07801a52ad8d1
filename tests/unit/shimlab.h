/*
 * shimlab.h: the shim without its hooks, in a test: a table with one name, "pool", whose servers are on the loopback.
 *
 * Server i is 127.77.N.i, where N is the test's own, port SHIMLAB_PORT. The clock is the test's (clock.h). Sockets are real ones.
 */
#ifndef STICKYDNS_SHIMLAB_H
#define STICKYDNS_SHIMLAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/pins/redirect.h"
#include "policy/pins/view.h"
#include "policy/pins/order.h"
#include "policy/table/addresses.h"
#include "shim/core/given.h"
#include "shim/core/libc.h"
#include "shim/core/memory.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"
#include "shim/core/socket.h"
#include "tests/unit/check.h"
#include "tests/unit/clock.h"
#include "tests/unit/lab.h"

#ifndef SHIMLAB_PORT
#define SHIMLAB_PORT 5060		/* where SIP is spoken */
#endif
enum { SHIMLAB_SERVERS = 3 };

static struct shimlab {
	struct table *t;
	struct name name;
	struct name_ref ref;
	unsigned net;
	char path[TABLE_PATH];		/* there until the test ends, or the session would look elsewhere */
	pid_t main;
} shimlab;

static inline struct sockaddr_in shimlab_sockaddr(unsigned server)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(SHIMLAB_PORT),
				    .sin_addr.s_addr = htonl(127u << 24 | 77u << 16 | shimlab.net << 8 | server)};
}

static inline struct endpoint shimlab_endpoint(unsigned server, enum transport transport)
{
	const struct sockaddr_in sa = shimlab_sockaddr(server);
	struct endpoint e;
	endpoint_from_sockaddr((const struct sockaddr *)&sa, sizeof sa, &e);
	e.transport = (uint8_t)transport;
	return e;
}

/* "pool" is looked up: server 1 is its pin if none was set. */
static inline void shimlab_lookup(void)
{
	struct pool pool[FAMILIES] = {[FAMILY_V4] = {.asked = true, .n = SHIMLAB_SERVERS}};
	const struct lookup l = {.name = &shimlab.name};
	for (unsigned i = 0; i < SHIMLAB_SERVERS; i++)
		pool[FAMILY_V4].addr[i] = shimlab_endpoint(i + 1, TRANSPORT_TCP).addr;
	pins_order(shimlab.t, &l, ORDER_DNS, pool, &shimlab.ref);
	given_note(&shimlab.name, &pool[FAMILY_V4]);
	recent_note(shimlab.ref);
}

static void shimlab_end(void)
{
	if (getpid() == shimlab.main)
		unlink(shimlab.path);
}

/* A new table, which this process takes to. `net`: a number of the test's own. */
static inline void shimlab_start(unsigned net)
{
	char path[TABLE_PATH];
	lab_path(path);
	if (store_create(path, 64, 0600, (gid_t)-1, NULL) != STORE_OK)
		errx(2, "%s cannot be made", path);
	setenv("STICKYDNS_TABLE", path, 1);
	unsetenv("STICKYDNS");
	real_bind();
	memory_start();
	session_start();
	shared_need();
	now_clock = clock_gettime;
	now_offset_ns = 0;
	snprintf(shimlab.path, sizeof shimlab.path, "%s", path);
	shimlab.main = getpid();
	atexit(shimlab_end);
	shimlab.net = net;
	shimlab.name = lab_name("pool");
	shimlab.t = session_table_here();
	if (!shimlab.t || !shared)
		errx(2, "no table");
	shimlab_lookup();
}

/* The number of the server that the name is pinned to; 0: none. */
static inline unsigned shimlab_pin(bool *confirmed)
{
	struct name_view v;
	if (!pins_view(shimlab.t, shimlab.ref, &v) || !v.pin[FAMILY_V4].present)
		return 0;
	if (confirmed)
		*confirmed = v.pin[FAMILY_V4].confirmed;
	return v.pin[FAMILY_V4].addr.bytes[15];
}

/* A socket of the server, listening if it is a stream; -1: the address is taken. */
static inline int shimlab_server(unsigned server, int type, int backlog)
{
	const struct sockaddr_in sa = shimlab_sockaddr(server);
	const int fd = socket(AF_INET, type, 0), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&sa, sizeof sa) == -1 || (type == SOCK_STREAM && listen(fd, backlog) == -1))
		return close(fd), -1;
	return fd;
}

/* Some kernels' emulators know no SO_COOKIE: without it nothing is followed. */
static inline bool shimlab_can_follow(void)
{
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	const bool can = socket_cookie(fd) != 0;
	close(fd);
	return can;
}

#endif
