/*
 * gai.h: getaddrinfo_a(3), in the order of the pin.
 *
 * libc looks the names up in threads of its own, by functions that cannot be
 * interposed. So a result is ordered when the program learns that it is there: with
 * GAI_WAIT when the call returns, else when gai_error(3) says so for the first time.
 * Until then ar_name, ar_service and ar_request must be as they were, as libc wants
 * it of a request in progress.
 *
 * What the table answers without DNS, as of a name for which it failed of late, is there when
 * the call returns: libc gets NULL in its place, which it passes over, and tells the
 * program when the others are there, or at once if there are none.
 *
 * What became of a request is noted in two of the words that struct gaicb reserves
 * for the implementation, and libc does not use. Whoever finds another thread, or the
 * code that a signal handler has interrupted, at work on a request is told that it is
 * still in progress: nobody waits, and nobody sees a list half ordered.
 */
#ifndef STICKYDNS_GAI_H
#define STICKYDNS_GAI_H

#include <netdb.h>

/* As getaddrinfo_a(3), and gai_error(3). */
int gai_submit(int mode, struct gaicb *list[], int n, struct sigevent *how);
int gai_result(struct gaicb *request);

#endif
