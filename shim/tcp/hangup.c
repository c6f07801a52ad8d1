/* hangup.c: see hangup.h. */
#include "shim/tcp/hangup.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "policy/base/clock.h"
#include "policy/table/file.h"
#include "shim/core/judge.h"
#include "shim/core/libc.h"
#include "shim/core/redirect-cache.h"
#include "shim/core/session.h"
#include "shim/core/shared.h"

/*
 * Did nothing but these bytes ever go out (TCP_INFO, tcp(7))? Whoever passed us by, or sent
 * before us, shows in the kernel's count; on a kernel that does not count nothing is new.
 */
static bool is_first(int fd, size_t len)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	return real()->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       size >= offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof info.tcpi_bytes_retrans &&
	       info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes <= len;
}

void hangup_begin(int fd, uint64_t cookie, const struct endpoint *to, size_t len)
{
	const struct redirect itself = {.original = *to, .actual = *to};
	if (shared && is_first(fd, len))
		redirect_note(&shared->lone, cookie, to, &itself, now_ms());
}

void hangup_passed(uint64_t cookie, const struct endpoint *to, const struct sip_message *m)
{
	if (shared && !stands_alone(m))
		redirect_forget(&shared->lone, cookie, to);
}

/* What the program has not read yet may be a request of the server's. A look by recv(2) would take a reset from it. */
static bool is_read(int fd)
{
	int unread;
	return ioctl(fd, FIONREAD, &unread) == 0 && unread == 0;
}

static bool leads_elsewhere(const struct endpoint *to)
{
	struct table *t = session_table_here();
	struct cached_redirect v = {0};
	if (t)
		redirect_cached(t, to, &v);
	return v.redirects_requests;
}

/* Of reading only: a write must neither fail nor raise SIGPIPE, for the program may be about to make one. */
bool hangup_failed(int fd, uint64_t cookie, const struct endpoint *to)
{
	struct redirect itself;
	if (!shared || !redirect_find(&shared->lone, cookie, to, &itself) || !leads_elsewhere(to))
		return true;
	if (tx_waits(&shared->transactions, to, now_ms()) || !is_read(fd))
		return false;
	redirect_forget(&shared->lone, cookie, to);
	real()->shutdown(fd, SHUT_RD);
	return true;
}
