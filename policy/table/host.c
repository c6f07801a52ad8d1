/* host.c: see host.h. */
#include "policy/table/host.h"


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

uint16_t host_led_port(const struct table *t, const struct name *host, uint16_t noted)
{
	const struct address any = host_target(t, host, 0);
	uint32_t cursor = 0;
	struct address a;
	if (host_is_led_to(t, host, noted))
		return noted;
	while (noted && addr_next(t, &cursor, &a))
		if (address_is_target(&a) && a.words[0] == any.words[0] && a.words[1] == any.words[1] &&
		    leads_to(t, host, (uint16_t)a.scope))
			return (uint16_t)a.scope;
	return 0;
}

bool host_is_led_to(const struct table *t, const struct name *host, uint16_t port)
{
	return get32(&t->header->targets) && port &&
	       (leads_to(t, host, port) || leads_to(t, host, SIP_PORT) || leads_to(t, host, SIPS_PORT));
}
