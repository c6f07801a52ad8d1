/* nscd.c: see nscd.h. */
#include "shim/lookup/nscd.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#include "shim/core/libc.h"

#define NSCD_SOCKET "/var/run/nscd/socket"	/* glibc's _PATH_NSCDSOCKET */

static bool is_down(const char *node)
{
	unsigned char answer[1024];
	return real()->res_search(node, ns_c_in, ns_t_a, answer, sizeof answer) == -1 &&
	       (h_errno == TRY_AGAIN || h_errno == NO_RECOVERY);
}

bool nscd_hides_outage(const struct table *t, const struct name *name, const char *node)
{
	struct name_ref ref;
	const int saved = errno, saved_h = h_errno;
	const bool hides = table_find(t, name, &ref) && access(NSCD_SOCKET, F_OK) == 0 && is_down(node);
	errno = saved;
	h_errno = saved_h;
	return hides;
}
