/*
 * udp.c: SIP over UDP: where each datagram goes, whom its answer seems to come from, and what answers and errors prove.
 *
 * The pin is server 1, and the program sends to server 2.
 */
#include "shim/core/fds.h"
#include "shim/udp/outcome.h"
#include "shim/udp/peer.h"
#include "shim/udp/send.h"
#include "tests/unit/shimlab.h"

#include <string.h>

enum { PIN = 1, OTHER = 2, TEXT = 512 };

static const char *request(const char *method, unsigned number, bool within)
{
	static char text[TEXT];
	snprintf(text, sizeof text,
		 "%s sip:pool SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%u\r\nFrom: <sip:x@pool>;tag=1\r\nTo: <sip:x@pool>%s\r\n"
		 "Call-ID: %u\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", method, number, within ? ";tag=2" : "", number, method);
	return text;
}

static const char *answer(unsigned status, const char *method, unsigned number)
{
	static char text[TEXT];
	snprintf(text, sizeof text,
		 "SIP/2.0 %u x\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%u\r\nFrom: <sip:x@pool>;tag=1\r\nTo: <sip:x@pool>;tag=2\r\n"
		 "Call-ID: %u\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", status, number, number, method);
	return text;
}

static unsigned number_of(const struct endpoint *e) { return e->addr.bytes[15]; }

/* Where `text` would go that the program sends to `server`; 0: as asked, without a plan. It is told that it went. */
static unsigned sent(int fd, unsigned server, const char *text)
{
	const struct sockaddr_in sa = shimlab_sockaddr(server);
	const struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};
	struct udp_send d;
	if (send_plan(fd, &piece, 1, (const struct sockaddr *)&sa, sizeof sa, &d)) {
		send_done(fd, &d, d.redirected);
		return number_of(&d.actual);
	}
	send_unplanned(fd, text, strlen(text), (const struct sockaddr *)&sa, sizeof sa, &d);
	return 0;
}

/* Whom `text`, which came from `server`, seems to come from. */
static unsigned received(int fd, unsigned server, const char *text)
{
	struct sockaddr_in sa = shimlab_sockaddr(server);
	datagram_received(fd, text, strlen(text), (struct sockaddr *)&sa, sizeof sa, sizeof sa);
	return ntohl(sa.sin_addr.s_addr) & 255;
}

static int open_socket(void)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	fd_set_class(fd, FD_UNKNOWN);
	fd_set_class(fd, FD_DATAGRAM);
	return fd;
}

static void redirected(void)
{
	const int fd = open_socket();
	check_row("an initial request");
	check_number("goes to the pin", PIN, sent(fd, OTHER, request("REGISTER", 1, false)));
	check_number("sent again, too", PIN, sent(fd, OTHER, request("REGISTER", 1, false)));
	check_number("its answer seems to come from there", OTHER, received(fd, PIN, answer(200, "REGISTER", 1)));
	check_number("what comes from elsewhere is left alone", 3, received(fd, 3, answer(200, "REGISTER", 1)));
	bool confirmed = false;
	check_number("the pin", PIN, shimlab_pin(&confirmed));
	check_true("is confirmed", confirmed);

	check_row("a call, and what belongs to it");
	check_number("INVITE", PIN, sent(fd, OTHER, request("INVITE", 2, false)));
	check_number("its CANCEL", PIN, sent(fd, OTHER, request("CANCEL", 2, false)));
	check_number("its answer", OTHER, received(fd, PIN, answer(200, "INVITE", 2)));
	check_number("BYE", PIN, sent(fd, OTHER, request("BYE", 2, true)));

	check_row("what stays where it is sent");
	check_true("a request of a dialog that is not known", sent(fd, OTHER, request("BYE", 3, true)) % OTHER == 0);
	check_number("what is no SIP", 0, sent(fd, OTHER, "\x80\x00 media that is long enough to be anything"));
	check_number("a request to no candidate", 0, sent(fd, 9, request("REGISTER", 4, false)));
	close(fd);
}

static void came_in(void)
{
	const int fd = open_socket();
	check_row("a request from the pin, on a socket whose requests went there");
	sent(fd, OTHER, request("REGISTER", 11, false));
	check_number("seems to come from the original", OTHER, received(fd, PIN, request("OPTIONS", 12, false)));
	check_number("and its answer goes back", PIN, sent(fd, OTHER, answer(200, "OPTIONS", 12)));
	check_row("the program sends to the pin itself");
	const int own = open_socket();
	sent(own, PIN, request("REGISTER", 13, false));
	check_number("the pin keeps its name", PIN, received(own, PIN, answer(200, "REGISTER", 13)));
	close(own);
	close(fd);
}

static void connected(void)
{
	const struct sockaddr_in other = shimlab_sockaddr(OTHER);
	const char *text = request("REGISTER", 21, false);
	const struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};
	struct udp_send d;
	struct peer p;
	const int fd = open_socket();
	check_row("a connected socket");
	connect(fd, (const struct sockaddr *)&other, sizeof other);
	check_true("has a peer", peer_of(fd, &p) && number_of(&p.actual) == OTHER && !peer_is_redirected(&p));
	check_true("is no other", peer_unconnected(fd) == 0 && peer_number(fd) != 0);
	check_true("is connected anew", send_plan(fd, &piece, 1, NULL, 0, &d) && d.redirected && d.connected);
	send_done(fd, &d, true);
	check_true("to the pin", peer_of(fd, &p) && number_of(&p.actual) == PIN && number_of(&p.original) == OTHER);
	check_number("its answer seems to come from there", OTHER, received(fd, PIN, answer(200, "REGISTER", 21)));
	send_back(fd, &d);
	check_true("and back", peer_of(fd, &p) && number_of(&p.actual) == OTHER && !peer_is_redirected(&p));
	close(fd);
}

/* The same request, sent as the RFC has it (17.1.2.2), to a server that says nothing. */
static void silent(void)
{
	static const double waits[] = {0, 0.5, 1, 2, 4, 4};
	const int fd = open_socket();
	unsigned at = 0;
	check_row("a REGISTER that nobody answers");
	clock_after(120);
	shimlab_lookup();
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		clock_after(waits[i]);
		at = sent(fd, PIN, request("REGISTER", 31, false));
		if (waits[i] < 4)
			check_true("stays at the pin", at == PIN || at == 0);
	}
	check_true("goes to another one in the end", at != 0 && at != PIN);
	check_true("and so does the pin", shimlab_pin(NULL) != PIN);
	close(fd);
}

static void errors(void)
{
	const unsigned pin = shimlab_pin(NULL);
	const struct sockaddr_in sa = shimlab_sockaddr(pin);
	const int fd = open_socket();
	check_row("an error of a connected socket");
	connect(fd, (const struct sockaddr *)&sa, sizeof sa);
	datagram_failed(fd, ECONNREFUSED);
	check_number("where nothing waits, proves nothing", pin, shimlab_pin(NULL));
	const char *text = request("REGISTER", 41, false);
	const struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};
	struct udp_send d;
	if (send_plan(fd, &piece, 1, NULL, 0, &d))
		send_done(fd, &d, d.redirected);
	else
		send_unplanned(fd, text, strlen(text), NULL, 0, &d);
	datagram_failed(fd, EAGAIN);
	check_number("EAGAIN is none", pin, shimlab_pin(NULL));
	datagram_failed(fd, ECONNREFUSED);
	check_true("where a request waits, moves the pin", shimlab_pin(NULL) != pin);
	close(fd);
}

int main(void)
{
	shimlab_start(3);
	check_row("cookies of sockets");
	if (!shimlab_can_follow()) {
		check_skip("there are none");
		return check_done();
	}
	redirected();
	came_in();
	connected();
	silent();
	errors();
	return check_done();
}
