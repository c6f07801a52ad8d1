/*
 * dns: what it costs to read a DNS answer that is led by the pin.
 *
 * Run under LD_PRELOAD=libstickydns.so with a fresh table, where a port of this
 * program's own is one of the dns-ports. A program's socket is connected to a server's,
 * both on loopback. Answers of one question wait in it, their addresses rotated from
 * one to the next; measured are the reads alone, by libc's recv and by the hooked one.
 * Each part first makes sure that what is read is led, or is not.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/table/effective.h"
#include "policy/table/file.h"
#include "tests/bench/measure.h"

enum { PORT = 25053, WAITING = 64, ANSWER_BYTES = 2048, HEADER = 12, RECORD = 16, ADDRESS_AT = 12 };

typedef ssize_t recv_fn(int, void *, size_t, int);

static recv_fn *recv_of[WAYS];

struct server {
	int fd, client;
	uint8_t question[64];		/* behind the header */
	size_t question_len;
	unsigned records, turn;
};

static void *symbol(void *handle, const char *name)
{
	void *f = dlsym(handle, name);
	if (!f)
		broken("%s not found", name);
	return f;
}

static void find_calls(void)
{
	recv_of[BARE] = (recv_fn *)symbol(dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), "recv");
	recv_of[OURS] = (recv_fn *)symbol(RTLD_DEFAULT, "recv");
	if (recv_of[OURS] == recv_of[BARE])
		broken("the shim is not preloaded");
}

/* The port is one where DNS is spoken from now on. */
static void name_port(void)
{
	static struct table table;
	const struct settings_block none = {0};
	const char *path = getenv("STICKYDNS_TABLE");
	if (!path || store_open(path, &table) != STORE_OK ||
	    !settings_store(&table, &none, NULL, 0, (const uint16_t[DNS_PORTS]){PORT}))
		broken("no table at $STICKYDNS_TABLE");
}

/* ---- messages (RFC 1035 4.1) ---- */

static size_t header(uint8_t *out, bool response, unsigned records)
{
	const uint8_t bytes[HEADER] = {0x12, 0x34, response ? 0x81 : 0x01, response ? 0x80 : 0, 0, 1, 0, (uint8_t)records};
	memcpy(out, bytes, HEADER);
	return HEADER;
}

static size_t answer(struct server *s, uint8_t out[static ANSWER_BYTES])
{
	size_t len = header(out, true, s->records);
	memcpy(out + len, s->question, s->question_len);
	len += s->question_len;
	for (unsigned i = 0; i < s->records; i++, len += RECORD) {
		const uint8_t last = (uint8_t)(1 + (i + s->turn) % s->records);
		const uint8_t record[RECORD] = {0xc0, HEADER, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 192, 0, 2, last};
		memcpy(out + len, record, RECORD);
	}
	s->turn++;
	return len;
}

/* ---- both ends ---- */

static void start(struct server *s, const char *label, unsigned records)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	uint8_t query[ANSWER_BYTES];
	*s = (struct server){.records = records};
	s->question_len = (size_t)snprintf((char *)s->question, sizeof s->question, "%c%s%c%s%c%s", (int)strlen(label), label, 5,
					   "bench", 4, "test") + 1;
	memcpy(s->question + s->question_len, "\0\1\0\1", 4);
	s->question_len += 4;
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n = header(query, false, 0);
	memcpy(query + n, s->question, s->question_len);
	n += s->question_len;
	if (bind(s->fd, (struct sockaddr *)&at, sizeof at) == -1 ||
	    connect(s->client, (struct sockaddr *)&at, sizeof at) == -1 || send(s->client, query, n, 0) != (ssize_t)n ||
	    recvfrom(s->fd, query, sizeof query, 0, (struct sockaddr *)&from, &len) != (ssize_t)n ||
	    connect(s->fd, (struct sockaddr *)&from, len) == -1)
		broken("a query on port %d: %s", PORT, strerror(errno));
}

static void stop(const struct server *s)
{
	close(s->fd);
	close(s->client);
}

static void fill(struct server *s, size_t n)
{
	uint8_t out[ANSWER_BYTES];
	for (size_t i = 0; i < n; i++) {
		size_t len = answer(s, out);
		if (send(s->fd, out, len, 0) != (ssize_t)len)
			broken("an answer: %s", strerror(errno));
	}
}

static uint64_t run_recv(void *arg, enum way way, size_t n)
{
	struct server *s = arg;
	uint8_t in[ANSWER_BYTES];
	fill(s, n);
	uint64_t from = bench_ns();
	for (size_t i = 0; i < n; i++)
		if (recv_of[way](s->client, in, sizeof in, 0) <= 0)
			broken("recv: %s", strerror(errno));
	return bench_ns() - from;
}

/* How many different addresses lead in as many answers as there are records. */
static unsigned leaders(struct server *s, enum way way)
{
	uint8_t in[ANSWER_BYTES];
	bool seen[256] = {false};
	unsigned n = 0;
	for (unsigned i = 0; i < s->records; i++) {
		fill(s, 1);
		recv_of[way](s->client, in, sizeof in, 0);
		uint8_t last = in[HEADER + s->question_len + ADDRESS_AT + 3];
		n += !seen[last];
		seen[last] = true;
	}
	return n;
}

static void bench(const char *what, const char *label, unsigned records, enum bound bound)
{
	struct server s;
	start(&s, label, records);
	if (leaders(&s, OURS) != 1 || leaders(&s, BARE) != records)
		broken("%s: the pin does not lead, or the answers do not rotate", what);
	measure(&(struct row){what, bound, 2000, run_recv, &s, WAITING, 0});
	stop(&s);
}

int main(void)
{
	find_calls();
	name_port();
	bench("recv, a DNS answer of 16 records", "sixteen", 16, BOUND_NS);
	bench("recv, a DNS answer of 3 records", "three", 3, BOUND_NONE);
	bench("recv, a DNS answer of 64 records", "most", 64, BOUND_NONE);
	return 0;
}
