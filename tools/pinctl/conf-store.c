/* conf-store.c: writes settings into a table, one writer at a time. See conf.h. */
#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "tools/pinctl/conf.h"

int conf_store(struct context *c, const struct conf *f)
{
	int status = DONE;
	if (!table_lock(c, c->path, LOCK_EX, CONF_LOCK_S))
		status = complain(c, "%s: %s", c->path,
				  errno == EWOULDBLOCK ? "locked by another process" : strerror(errno));
	else if (store_retired(&c->table))
		status = complain(c, "%s: replaced meanwhile", c->path);
	else if (!settings_store(&c->table, &f->defaults, f->hosts, f->n_hosts, f->dns_ports))
		status = complain(c, "%s: no room for the settings", c->path);
	table_unlock(c);
	return status;
}
