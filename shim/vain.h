/*
 * vain.h: servers that this process has just tried in vain.
 *
 * A program that gets no answer from one address tries the next by itself (RFC 8305:
 * after some 250 ms). Steering must not lead it back to the server that does not
 * answer, though that has not failed yet by the rules for all. Kept a minute, or until
 * the server answers. No locks; a hash in one word stands for an endpoint, so two that
 * share one cost some stickiness, no more.
 */
#ifndef STICKYDNS_VAIN_H
#define STICKYDNS_VAIN_H

#include "endpoint.h"

/* An attempt that waits for so many ticks is one that a program may give up: 1/8 to 3/16 s. */
enum { VAIN_TICKS = 2 };

/* A connect to it was given up unanswered. */
void vain_note(const struct endpoint *e);

/* It answered. One load while nothing was ever in vain. */
void vain_over(const struct endpoint *e);

/* Was it tried in vain within the last minute? */
bool vain_lately(const struct endpoint *e);

#endif
