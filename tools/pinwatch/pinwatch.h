/*
 * pinwatch.h: the commands of pinwatch.
 *
 * As in pinctl: one command a file, cmd-NAME.c, with its usage beside it; it
 * returns the exit status: 0 done, 1 failed, 2 usage (cmd.h).
 */
#ifndef STICKYDNS_PINWATCH_PINWATCH_H
#define STICKYDNS_PINWATCH_PINWATCH_H

#include "cmd.h"

int cmd_watch(struct context *c, int argc, char **argv);
int cmd_status(struct context *c, int argc, char **argv);

#endif
