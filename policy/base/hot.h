/*
 * hot.h: a mark for the functions that a program's own calls pass through in the
 * steady state. They lie together, so that they share pages and cache lines: when the
 * kernel has just opened a connection or sent a datagram little else of ours is
 * still in the caches.
 */
#ifndef STICKYDNS_HOT_H
#define STICKYDNS_HOT_H

#define HOT __attribute__((hot))

#endif
