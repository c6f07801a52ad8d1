/*
 * gai.h: getaddrinfo_a(3), in the order of the pin.
 *
 * libc looks the names up in threads of its own, by functions that cannot be interposed. So a
 * result is put in order when the program learns that it is there: with GAI_WAIT when the call
 * returns, else when gai_error(3) first says so. Until then ar_name, ar_service and ar_request
 * must stay as they were; libc wants that of a request in progress.
 *
 * The table answers some names without DNS, such as one for which DNS failed of late. Such an
 * answer is there when the call returns. libc gets NULL in its place, and skips that. libc tells
 * the program when the other answers are there, or at once if there are none.
 *
 * The state of a request is in two of the words that struct gaicb reserves for the implementation,
 * and that libc does not use. A thread or signal handler that finds another one at work on a
 * request is told that it is still in progress. So nobody waits, and nobody sees a list that is
 * half in order.
 */
#ifndef STICKYDNS_GAI_H
#define STICKYDNS_GAI_H

#include <netdb.h>

/* As getaddrinfo_a(3), and gai_error(3). */
int gai_submit(int mode, struct gaicb *list[], int n, struct sigevent *how);
int gai_result(struct gaicb *request);

#endif
