/*
 * commands.h: the commands of pinctl, one a file: cmd-NAME.c, with its usage beside it. Each returns the exit
 * status: 0 done, 1 not found or failed, 2 usage (cmd.h).
 */
#ifndef STICKYDNS_PINCTL_COMMANDS_H
#define STICKYDNS_PINCTL_COMMANDS_H

#include "tools/common/cmd.h"

int cmd_list(struct context *c, int argc, char **argv);
int cmd_show(struct context *c, int argc, char **argv);
int cmd_set(struct context *c, int argc, char **argv);
int cmd_drop(struct context *c, int argc, char **argv);
int cmd_refresh(struct context *c, int argc, char **argv);
int cmd_fail(struct context *c, int argc, char **argv);
int cmd_ok(struct context *c, int argc, char **argv);
int cmd_drain(struct context *c, int argc, char **argv);
int cmd_undrain(struct context *c, int argc, char **argv);
int cmd_save(struct context *c, int argc, char **argv);
int cmd_restore(struct context *c, int argc, char **argv);
int cmd_events(struct context *c, int argc, char **argv);
int cmd_top(struct context *c, int argc, char **argv);
int cmd_stats(struct context *c, int argc, char **argv);
int cmd_init(struct context *c, int argc, char **argv);
int cmd_settings(struct context *c, int argc, char **argv);
int cmd_check(struct context *c, int argc, char **argv);
int cmd_reload(struct context *c, int argc, char **argv);
int cmd_doctor(struct context *c, int argc, char **argv);
int cmd_run(struct context *c, int argc, char **argv);

#endif
