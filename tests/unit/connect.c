/*
 * connect.c: where a TCP connect of the program goes: to the pin, to the server of a dialog, or as asked.
 *
 * The pin is server 1; the program connects to one that the row says.
 */
#include "shim/core/avoid.h"
#include "shim/core/dialogs.h"
#include "shim/core/peername.h"
#include "shim/tcp/connect.h"
#include "shim/tcp/descriptor.h"
#include "shim/tcp/stream.h"
#include "tests/unit/shimlab.h"

#include <string.h>

static unsigned peer_of_socket(int fd, bool as_seen)
{
	struct sockaddr_in sa = {0};
	socklen_t len = sizeof sa;
	if (getpeername(fd, (struct sockaddr *)&sa, &len) == -1)
		return 0;
	if (as_seen)
		peername_of_socket(fd, (struct sockaddr *)&sa, len, sizeof sa);
	return ntohl(sa.sin_addr.s_addr) & 255;
}

/* Connects; *seen is what getpeername(2) says to the program. Returns where it went, 0: nowhere. */
static unsigned go(unsigned server, unsigned *seen)
{
	const struct sockaddr_in sa = shimlab_sockaddr(server);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	descriptor_opened(fd, FD_STREAM);
	const int r = connect_tcp(fd, (const struct sockaddr *)&sa, sizeof sa);
	const unsigned at = r == 0 ? peer_of_socket(fd, false) : 0;
	*seen = r == 0 ? peer_of_socket(fd, true) : 0;
	descriptor_closing(fd);
	close(fd);
	return at;
}

static void expect(const char *rule, unsigned server, unsigned at)
{
	unsigned seen;
	check_row("%s", rule);
	check_number("goes to", at, go(server, &seen));
	check_number("the program sees", server, seen);
}

static void dialog(void)
{
	const struct endpoint one = shimlab_endpoint(1, TRANSPORT_TCP), three = shimlab_endpoint(3, TRANSPORT_TCP);
	const struct sip_message m = {.method = SIP_INVITE, .status = 200, .to = SIP_TO_TAGGED, .call_id = 77};
	dialogs_passed(&m, false, &three, &three, now_ms());
	expect("the server itself has a dialog", 3, 3);
	dialogs_lost(&three);
	expect("the dialog is lost", 3, 1);
	dialogs_passed(&m, false, &one, &three, now_ms());
	expect("the program believes its dialog with 3 to be with the pin", 1, 3);
	dialogs_lost(&three);
	expect("lost", 1, 1);
}

static void in_vain(void)
{
	const struct endpoint one = shimlab_endpoint(1, TRANSPORT_TCP);
	avoid_note(&one, AVOIDED_CONNECT);
	expect("the pin was tried in vain", 2, 2);
	avoid_connected(&one);
	expect("it came through since", 2, 1);
	avoid_note(&one, AVOIDED_CONNECT);
	clock_after(61);
	shimlab_lookup();
	expect("a minute later", 2, 1);
}

static void strangers(void)
{
	struct sockaddr_in sa = shimlab_sockaddr(9);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	check_row("none of ours");
	check_true("refused as by the kernel", connect_tcp(fd, (struct sockaddr *)&sa, sizeof sa) == -1 && errno == ECONNREFUSED);
	check_true("a bad pointer", connect_tcp(fd, (struct sockaddr *)8, sizeof sa) == -1 && errno == EFAULT);
	descriptor_closing(fd);
	close(fd);
	check_row("a datagram socket that was not seen being made");
	sa = shimlab_sockaddr(2);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	check_true("connected as asked", connect_tcp(fd, (struct sockaddr *)&sa, sizeof sa) == 0 && peer_of_socket(fd, false) == 2);
	check_true("known as such", fd_class(fd) == FD_DATAGRAM);
	descriptor_closing(fd);
	close(fd);
}

/* The second connect of a socket that does not wait tells how the first one went. */
static void again(void)
{
	const struct sockaddr_in sa = shimlab_sockaddr(2);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	check_row("a second connect");
	descriptor_opened(fd, FD_STREAM);
	check_true("in flight", connect_tcp(fd, (const struct sockaddr *)&sa, sizeof sa) == -1 && errno == EINPROGRESS);
	check_true("followed", fd_class(fd) == FD_PENDING);
	check_number("it is there", 0, (unsigned)connect_tcp(fd, (const struct sockaddr *)&sa, sizeof sa));
	check_true("a stream", fd_class(fd) == FD_STREAM_SIP);
	check_number("at the pin", 1, peer_of_socket(fd, false));
	descriptor_closing(fd);
	check_true("forgotten", fd_class(fd) == FD_UNKNOWN);
	close(fd);
}

int main(void)
{
	shimlab_start(2);
	check_row("three servers");
	for (unsigned i = 1; i <= SHIMLAB_SERVERS; i++)
		if (!shimlab_can_follow() || shimlab_server(i, SOCK_STREAM, 64) < 0) {
			check_skip("no cookies of sockets, or the addresses are taken");
			return check_done();
		}
	expect("to the pin", 1, 1);
	expect("to another server of the name", 2, 1);
	in_vain();
	dialog();
	strangers();
	again();
	return check_done();
}
