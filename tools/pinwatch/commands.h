/*
 * commands.h: the commands of pinwatch, one a file: cmd-NAME.c, with its usage beside it. Each returns the
 * exit status: 0 done, 1 failed, 2 usage (cmd.h).
 */
#ifndef STICKYDNS_PINWATCH_COMMANDS_H
#define STICKYDNS_PINWATCH_COMMANDS_H

#include "tools/common/cmd.h"

int cmd_watch(struct context *c, int argc, char **argv);
int cmd_status(struct context *c, int argc, char **argv);
int cmd_trace(struct context *c, int argc, char **argv);
int cmd_steer(struct context *c, int argc, char **argv);

#endif
