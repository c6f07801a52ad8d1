/* servers.h: SIP servers over UDP by a letter: a is 192.0.2.1, b is 192.0.2.2. */
#ifndef STICKYDNS_TEST_SERVERS_H
#define STICKYDNS_TEST_SERVERS_H

#include <stdio.h>
#include <stdlib.h>

#include "policy/base/endpoint.h"

static inline struct endpoint server(char letter)
{
	struct endpoint e = {.port = SIP_PORT, .transport = TRANSPORT_UDP};
	char text[ADDRESS_TEXT];
	snprintf(text, sizeof text, "192.0.2.%d", letter - 'a' + 1);
	if (!address_parse(text, &e.addr))
		abort();
	return e;
}

#endif
