/* notify.h: tells the service manager how a daemon fares: sd_notify(3), without its library. */
#ifndef STICKYDNS_NOTIFY_H
#define STICKYDNS_NOTIFY_H

/* Sends `state` ("READY=1") to $NOTIFY_SOCKET, if there is one. Errors are not told. */
void notify(const char *state);

#endif
