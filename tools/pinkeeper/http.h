/*
 * http.h: one page for Prometheus, by libmicrohttpd, in the loop: /metrics. Beside it /-/healthy says that pinkeeper runs.
 *
 * The page is written when somebody asks. That takes several turns of the loop; the connections wait for it.
 */
#ifndef STICKYDNS_HTTP_H
#define STICKYDNS_HTTP_H

#include "tools/pinkeeper/keeper.h"

/*
 * Listen at k->conf.metrics. Where that cannot be, one line says why, and it is tried again. `asked`: somebody waits for the
 * page, and nobody did before. False, after one line: the loop has no room.
 */
bool http_start(struct keeper *k, void (*asked)(struct keeper *k));

/* The page for all who wait. Takes its text; a page that failed is an error 500. */
void http_answer(struct exposition *page);

void http_stop(void);

#endif
