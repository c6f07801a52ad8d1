/*
 * environment.h: the variables that the shim reads from its environment (libstickydns(8)).
 *
 * The shim uses this, and so do the tools that tell what the shim will do.
 */
#ifndef STICKYDNS_ENVIRONMENT_H
#define STICKYDNS_ENVIRONMENT_H

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* With the NUL. Of a longer STICKYDNS_NAMES a part would mean something else: the shim does nothing. */
enum { ENVIRONMENT_NAMES = 4096, ENVIRONMENT_LOG = 256 };

/* Does this value of STICKYDNS switch the shim off? NULL, none, does not. */
static inline bool switches_off(const char *value)
{
	return value && (strcasecmp(value, "off") == 0 || strcmp(value, "0") == 0);
}

#endif
