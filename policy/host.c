/* host.c: see host.h. */
#include "host.h"

struct address host_target(const struct table *t, const struct name *host, uint16_t port)
{
	return (struct address){.words = {name_hash(host, t->seed), name_hash(host, ~t->seed)},
				.scope = ADDRESS_TARGET | port};
}

static bool leads_to(const struct table *t, const struct name *host, uint16_t port)
{
	const struct address target = host_target(t, host, port);
	const addr_ref addr = addr_find(t, &target);
	struct name_ref service;
	uint32_t cursor = 0;
	return addr && index_next(t, addr, &cursor, &service);
}

bool host_is_led_to(const struct table *t, const struct name *host, uint16_t port)
{
	return get32(&t->header->targets) && port &&
	       (leads_to(t, host, port) || leads_to(t, host, SIP_PORT) || leads_to(t, host, SIPS_PORT));
}
