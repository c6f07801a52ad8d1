/* channel.c: see channel.h. */
#include "tools/common/channel.h"

#include <sys/socket.h>

enum {
	TRIES = 2,
	EDNS_BYTES = 1232,		/* fits every path's packets (RFC 9715) */
};

static int make(const struct channel_options *o, ares_channel *out, uint32_t try_ms)
{
	struct ares_options a = {
		.flags = ARES_FLAG_EDNS,
		.ednspsz = EDNS_BYTES,
		.timeout = (int)try_ms,
		.tries = TRIES,
		.sock_state_cb = o->on_socket,
		.sock_state_cb_data = o->arg,
	};
	*out = NULL;
	return ares_init_options(out, &a, ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
}

static uint32_t servers_of(ares_channel channel)
{
	struct ares_addr_port_node *list = NULL;
	uint32_t n = 0;
	if (ares_get_servers_ports(channel, &list) == ARES_SUCCESS)
		for (struct ares_addr_port_node *s = list; s; s = s->next)
			n++;
	ares_free_data(list);
	return n ? n : 1;
}

static int use_server(ares_channel channel, const struct endpoint *e)
{
	struct ares_addr_port_node node = {.udp_port = e->port, .tcp_port = e->port};
	node.family = address_family(&e->addr) == FAMILY_V4 ? AF_INET : AF_INET6;
	address_to_bytes(&e->addr, node.family, &node.addr);
	return ares_set_servers_ports(channel, &node);
}

/* c-ares waits try_ms at the first round of servers and twice that at the second: 3 * servers * try_ms in all. */
int channel_open(const struct channel_options *o, ares_channel *out)
{
	int status = make(o, out, o->timeout_ms / 3 + 1);
	const uint32_t servers = status == ARES_SUCCESS && !o->server ? servers_of(*out) : 1;
	if (status == ARES_SUCCESS && o->server)
		status = use_server(*out, o->server);
	if (servers > 1) {
		ares_destroy(*out);
		status = make(o, out, o->timeout_ms / (3 * servers) + 1);
	}
	if (status != ARES_SUCCESS && *out) {
		ares_destroy(*out);
		*out = NULL;
	}
	return status;
}
