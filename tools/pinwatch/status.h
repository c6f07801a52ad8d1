/*
 * status.h: what a running pinwatch tells about itself.
 *
 * Each listens on a socket of its own, DIR/PID.sock. DIR is $RUNTIME_DIRECTORY
 * (systemd.exec(5)) or /run/pinwatch. Who connects gets one JSON object, and the
 * connection closes. Nothing is read from it.
 */
#ifndef STICKYDNS_PINWATCH_STATUS_H
#define STICKYDNS_PINWATCH_STATUS_H

#include <jansson.h>

#include "tools/pinwatch/report.h"
#include "tools/pinwatch/spaces.h"

/* The directory of the sockets. */
const char *status_directory(void);

/* Listens. -1: it cannot be asked, and has said so. `path` is for status_close. */
enum { STATUS_PATH = 108 };		/* unix(7), sun_path */
int status_open(char path[static STATUS_PATH]);
void status_close(int fd, const char *path);

/* Answers whoever waits with what make(arg) makes. */
void status_give(int fd, json_t *(*make)(void *arg), void *arg);

/* The same, with what is watched. */
void status_answer(int fd, const struct report *r, const struct spaces *s);

#endif
