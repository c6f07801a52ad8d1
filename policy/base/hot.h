/*
 * hot.h: a mark for the functions that run on every call of a program in the steady state.
 *
 * The linker puts them beside each other, so that they share pages and cache lines. When
 * the kernel has just opened a connection or sent a datagram, little else of ours is
 * still in the caches.
 */
#ifndef STICKYDNS_HOT_H
#define STICKYDNS_HOT_H

#define HOT __attribute__((hot))

#endif
