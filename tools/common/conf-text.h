/* conf-text.h: the text of stickydns.conf: reads it whole, and finds the errors that libConfuse lets pass. */
#ifndef STICKYDNS_CONF_TEXT_H
#define STICKYDNS_CONF_TEXT_H

#include "tools/common/cmd.h"

enum { CONF_BYTES = 1 << 20 };

/* The text of a file of at most CONF_BYTES, for free(). NULL after one line. */
char *conf_text_read(const struct context *c, const char *path);

/*
 * A copy for free(), in which the two settings of `absent = grace 5m` (also "grace 5m" and {grace, 5m}) stand as
 * `absent = grace grace = 5m`, on the same line. NULL: no memory.
 */
char *conf_text_parted(const char *text);

/*
 * libConfuse takes the end of the file for the end of an open block or comment.
 * The line where such a one began, and what it is; 0: the text is whole.
 */
int conf_text_open(const char *text, const char **what);

/* The line of `at` in `text`, from 1. */
int conf_text_line(const char *text, const char *at);

#endif
