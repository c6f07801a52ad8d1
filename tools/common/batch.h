/*
 * batch.h: the sockets of c-ares, whose datagrams are sent and read many at a time: sendmmsg(2), recvmmsg(2).
 *
 * With thousands of questions a second, system calls are most of what they cost. What c-ares sends waits until the loop
 * is about to wait itself. For one thread.
 */
#ifndef STICKYDNS_BATCH_H
#define STICKYDNS_BATCH_H

#include <ares.h>

struct batch;

/* `wake` is called when something begins to wait: batch_flush() is due before the loop waits. NULL: out of memory. */
struct batch *batch_make(void (*wake)(void *arg), void *arg);

/* The channel's sockets are the batch's from now on, one channel's at a time. Before its first question. */
void batch_use(struct batch *b, ares_channel channel);

/*
 * Sends what waits. ARES_SOCKET_BAD; or a socket that cannot be sent to, of which c-ares is to be told, outside of its
 * own callbacks: ares_process_fd(channel, fd, ARES_SOCKET_BAD) reads the error from it.
 */
ares_socket_t batch_flush(struct batch *b);

/* After the channel is gone. NULL is fine. */
void batch_free(struct batch *b);

#endif
