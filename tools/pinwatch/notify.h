/* notify.h: telling the service manager, without its library. */
#ifndef STICKYDNS_PINWATCH_NOTIFY_H
#define STICKYDNS_PINWATCH_NOTIFY_H

/* Sends `state` ("READY=1") to $NOTIFY_SOCKET, if there is one: sd_notify(3). What goes wrong is the manager's to notice. */
void notify(const char *state);

#endif
