/*
 * endpoint-settings.h: which settings hold at an endpoint, where several names may lead.
 *
 * The health of an endpoint is one for all programs. So one value of cool-off, connect-timeout and the like holds there: of
 * the names that lead to it, the strictest (setting_strictest). A name leads to all endpoints of its addresses. A service
 * leads to those of its targets' hosts, on the target's port. Only the names of the highest standing (standing.h) have a
 * say: what outsiders make a program look up cannot change when a server has failed.
 *
 * Most often no host block has such a key. Then the default block's value holds, and no name is looked at.
 */
#ifndef STICKYDNS_PINS_ENDPOINT_SETTINGS_H
#define STICKYDNS_PINS_ENDPOINT_SETTINGS_H

#include "policy/base/endpoint.h"
#include "policy/table/names.h"
#include "policy/table/settings.h"

/* The value that holds at `e`, which is complete; `k`: one that is about endpoints. No locks. At most ENDPOINT_NAMES names are read. */
enum { ENDPOINT_NAMES = 256 };
uint64_t setting_at(const struct table *t, const struct endpoint *e, enum setting k);

/* Is the port of `e` one of `sip-ports`, of any of these names? */
bool setting_lists_port(const struct table *t, const struct endpoint *e);

/* The names that have a say at `e`, at most `room`; how many. */
size_t endpoint_names(const struct table *t, const struct endpoint *e, struct name *out, size_t room);

#endif
