/* conf-store.c: settings into a table, one writer at a time. See conf.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"

/* flock(2) has no time-out, and whoever may read the table may hold its lock for ever: asked again and again. */
static bool lock_within(int fd, unsigned seconds)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	for (unsigned tries = seconds * 50; flock(fd, LOCK_EX | LOCK_NB) == -1; tries--) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || tries == 0)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

int conf_store(struct context *c, const struct conf *f)
{
	int status = DONE;
	int fd = open(c->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return complain(c, "%s: %s", c->path, strerror(errno));
	if (!lock_within(fd, CONF_LOCK_S))
		status = complain(c, "%s: %s", c->path,
				  errno == EWOULDBLOCK ? "locked by another process" : strerror(errno));
	else if (store_retired(&c->table))
		status = complain(c, "%s: replaced meanwhile", c->path);
	else if (!settings_store(&c->table, &f->defaults, f->hosts, f->n_hosts, f->dns_ports))
		status = complain(c, "%s: no room for the settings", c->path);
	close(fd);
	return status;
}
