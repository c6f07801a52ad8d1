/* inherit.h: takes what tables of other layouts hold into a table that was just made. */
#ifndef STICKYDNS_INHERIT_H
#define STICKYDNS_INHERIT_H

#include "tools/common/cmd.h"

/*
 * For each table of another layout beside `path`, one line that says who still uses it; and what it holds comes into the
 * table at `path`, by the pinctl that was installed with that layout: that one saves it as text (saved.h).
 */
void inherit(const struct context *c, const char *path);

#endif
