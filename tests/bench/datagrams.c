/* datagrams: what a round of SIP or RTP over UDP costs, to a candidate. See both.h. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "policy/base/clock.h"
#include "tests/bench/both.h"

/* ---- what is said ---- */

/* As linphone sends them, and kamailio answers. */
#define VIA "Via: SIP/2.0/UDP 192.0.2.77:5070;branch=z9hG4bK.7ad1f0c2e9;rport"
#define PARTIES(to)                                                                                              \
	"From: \"Alice\" <sip:alice@pool.example.com>;tag=9fxced76sl\r\nTo: \"Alice\" <sip:alice@pool.example.com>" to \
	"\r\n"
#define IDENTITY(method) "CSeq: 1826 " method "\r\nCall-ID: 843817637684230@998sdasdh09\r\n"
#define CONTACT                                                                              \
	"Contact: <sip:alice@192.0.2.77:5070;transport=udp>;expires=3600;+sip.instance=\"<urn:uuid:" \
	"00000000-0000-1000-8000-AABBCCDDEEFF>\"\r\n"
#define REQUEST(method)                                                                                              \
	method " sip:pool.example.com SIP/2.0\r\n" VIA "\r\n" PARTIES("") IDENTITY(method) "Max-Forwards: 70\r\n"       \
	"Supported: replaces, outbound, gruu, path\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY\r\n" CONTACT  \
	"Expires: 3600\r\nUser-Agent: Linphone/5.1 (belle-sip/5.2)\r\nContent-Length: 0\r\n\r\n"
#define ANSWER(method)                                                                                                  \
	"SIP/2.0 200 OK\r\n" VIA "=5070;received=127.0.0.1\r\n" PARTIES(";tag=d61b4c3a.7734") IDENTITY(method) CONTACT      \
	"Server: kamailio (5.6.3 (x86_64/linux))\r\nContent-Length: 0\r\n\r\n"

/* ---- who says it ---- */

/* A client and, at a candidate's address, a server: a process of its own, or this one, whose calls are bare both ways. */
struct datagrams {
	int client, server;
	pid_t process;			/* the server's; 0: this one */
	const struct sockaddr_in *at[WAYS];	/* where to, each way; NULL: the client is connected */
	const char *request, *answer;
};

static void one_way(ssize_t r)
{
	if (r < 0)
		broken("a datagram: %s", strerror(errno));
}

static void answer_one(const struct datagrams *d)
{
	char buf[2048];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	one_way(calls[BARE].recvfrom(d->server, buf, sizeof buf, 0, (struct sockaddr *)&from, &len));
	one_way(calls[BARE].sendto(d->server, d->answer, strlen(d->answer), 0, (const struct sockaddr *)&from, len));
}

static void start_server(struct datagrams *d)
{
	d->process = fork();
	if (d->process == -1)
		broken("fork: %s", strerror(errno));
	if (d->process)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		answer_one(d);
}

static void stop_server(struct datagrams *d)
{
	kill(d->process, SIGKILL);
	waitpid(d->process, NULL, 0);
	d->process = 0;
}

/* A request and its answer. */
static uint64_t run_datagrams(void *arg, enum way way, size_t n)
{
	char buf[2048];
	const struct datagrams *d = arg;
	const size_t request = strlen(d->request);
	uint64_t start = bench_ns();
	for (size_t i = 0; i < n; i++) {
		struct sockaddr_in from;
		const struct sockaddr *to = (const struct sockaddr *)d->at[way];
		socklen_t len = sizeof from;
		one_way(calls[way].sendto(d->client, d->request, request, 0, to, to ? sizeof **d->at : 0));
		if (!d->process)
			answer_one(d);
		one_way(calls[way].recvfrom(d->client, buf, sizeof buf, 0, (struct sockaddr *)&from, &len));
	}
	return bench_ns() - start;
}

/* ---- the rows ---- */

static void measure_datagrams(const char *what, struct datagrams *d, const char *request, const char *answer,
			      bool process, enum bound bound)
{
	d->request = request;
	d->answer = answer;
	if (process)
		start_server(d);
	measure(&(struct row){what, bound, 10, run_datagrams, d, 0, 0});
	if (process)
		stop_server(d);
}

static void bench_datagrams(struct sockaddr_in candidate)
{
	static char rtp[173] = "\x80";
	static struct sockaddr_in elsewhere;	/* not on the stack: it is asked whether it can be read */
	memset(rtp + 1, 'r', sizeof rtp - 2);
	struct datagrams d = {.client = calls[OURS].socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			      .server = calls[OURS].socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			      .at = {&candidate, &candidate}};
	if (d.client == -1 || bind(d.server, (struct sockaddr *)&candidate, sizeof candidate) == -1)
		broken("a socket at the candidate: %s", strerror(errno));
	measure_datagrams("round on UDP, RTP and RTP", &d, rtp, rtp, true, BOUND_PERCENT);
	measure_datagrams("round on UDP, OPTIONS and 200", &d, REQUEST("OPTIONS"), ANSWER("OPTIONS"), true, BOUND_PERCENT);
	measure_datagrams("round on UDP, REGISTER and 200", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), true, BOUND_PERCENT);
	measure_datagrams("the same to oneself: RTP and RTP", &d, rtp, rtp, false, BOUND_NONE);
	measure_datagrams("the same to oneself: REGISTER and 200", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), false,
			  BOUND_NONE);
	elsewhere = candidate;
	d.at[BARE] = d.at[OURS] = &elsewhere;
	measure_datagrams("REGISTER and 200, address not on the stack", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), true,
			  BOUND_NONE);
	if (calls[OURS].connect(d.client, (struct sockaddr *)&candidate, sizeof candidate) == -1)
		broken("connect on UDP: %s", strerror(errno));
	d.at[BARE] = d.at[OURS] = NULL;
	measure_datagrams("REGISTER and 200, connected", &d, REQUEST("REGISTER"), ANSWER("REGISTER"), true, BOUND_PERCENT);
	calls[OURS].close(d.client);
	calls[OURS].close(d.server);
}

/* To another candidate, on SIP's port, where nobody is: the request reaches the pin, bare it is sent there. */
static void bench_steered(struct sockaddr_in candidate)
{
	struct sockaddr_in other;
	candidate.sin_port = htons(5060);
	other = candidate;
	((uint8_t *)&other.sin_addr)[3] = (uint8_t)(((uint8_t *)&other.sin_addr)[3] % 3 + 1);
	struct datagrams d = {.client = calls[OURS].socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			      .server = calls[OURS].socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
			      .at = {&candidate, &other}};
	if (d.client == -1 || bind(d.server, (struct sockaddr *)&candidate, sizeof candidate) == -1)
		broken("a socket at the candidate, port 5060: %s", strerror(errno));
	measure_datagrams("round on UDP, OPTIONS and 200, steered", &d, REQUEST("OPTIONS"), ANSWER("OPTIONS"), true,
			  BOUND_NONE);
	calls[OURS].close(d.client);
	calls[OURS].close(d.server);
}

int main(void)
{
	const struct sockaddr_in candidate = begin().candidate;
	bench_datagrams(candidate);
	bench_steered(candidate);
	return 0;
}
