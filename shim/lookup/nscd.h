/*
 * nscd.h: nscd(8) says "no such name" also when DNS is down.
 *
 * libc asks nscd first, and its word in an outage looks like NXDOMAIN. If nscd runs, and the table
 * knows the name, DNS itself is asked once more. So a name that is gone is gone (RFC 8020), and an
 * outage is an outage (RFC 8767).
 */
#ifndef STICKYDNS_NSCD_H
#define STICKYDNS_NSCD_H

#include "policy/table/names.h"

/* libc said that there is no `name`, which the program wrote as `node`: does nscd hide that DNS is down? errno, h_errno: kept. */
bool nscd_hides_outage(const struct table *t, const struct name *name, const char *node);

#endif
