/* follow.h: the addresses of a table, brought into the map of watched ones as they come. See tables.h. */
#ifndef STICKYDNS_PINWATCH_FOLLOW_H
#define STICKYDNS_PINWATCH_FOLLOW_H

#include "tools/pinwatch/tables.h"

/* Brings in all there are, then starts the thread. False: no memory. */
bool follow_start(struct tables *all, struct served *s);

/* Ends the thread and takes the table's addresses out of the map. Fine if it was never started. */
void follow_stop(struct tables *all, struct served *s);

#endif
