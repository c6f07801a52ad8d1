/* way.c: see way.h. */
#include "shim/core/way.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/base/clock.h"
#include "policy/base/record.h"

enum { ENTRIES = 32, KEPT_TICKS = TICKS_PER_S / 4, DISCARD = 9 };	/* no service: RFC 863 */

static word64 found[ENTRIES];		/* hash of the address 32 | tick 32; 0: none */

static uint64_t hash_of(const struct address *a) { return endpoint_key(&(const struct endpoint){.addr = *a}, 0); }

static bool found_lately(uint64_t hash, uint32_t now)
{
	const uint64_t entry = get64(&found[hash_slot(hash, ENTRIES)]);
	return entry && entry >> 32 == (uint32_t)hash && now - (uint32_t)entry < KEPT_TICKS;
}

/* Whatever connect(2) says is for the kernel's routes to say; that there is no descriptor left says nothing. */
static bool ask(const struct address *a)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(DISCARD)};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(DISCARD)};
	const bool v4 = address_family(a) == FAMILY_V4;
	struct sockaddr *sa = v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	if (!address_to_sockaddr(a, sa))
		return true;
	const long fd = syscall(SYS_socket, sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return errno != EAFNOSUPPORT;
	const bool has = syscall(SYS_connect, fd, sa, v4 ? sizeof in : sizeof in6) == 0 || errno == EPERM;
	syscall(SYS_close, fd);
	return has;
}

bool way_to(const struct address *a)
{
	const uint64_t hash = hash_of(a);
	const uint32_t now = tick_now();
	if (found_lately(hash, now))
		return true;
	const int saved = errno;
	const bool has = ask(a);
	errno = saved;
	if (has)
		put64(&found[hash_slot(hash, ENTRIES)], (uint64_t)(uint32_t)hash << 32 | now);
	return has;
}

bool way_missing(const struct address *a)
{
	const int saved = errno;
	const bool has = ask(a);
	errno = saved;
	if (!has)
		put64(&found[hash_slot(hash_of(a), ENTRIES)], 0);
	return !has;
}

bool way_is_local(int error)
{
	return error == EINVAL || error == ENETUNREACH || error == ENETDOWN || error == EADDRNOTAVAIL ||
	       error == EAFNOSUPPORT || error == EACCES || error == EPERM;
}

bool way_is_missing(int error, const struct address *a)
{
	return (error == EHOSTUNREACH || way_is_local(error)) && (way_missing(a) || way_is_local(error));
}
