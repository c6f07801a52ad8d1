/*
 * given.h: the addresses that this program got from a name, and those that it asked for by number.
 *
 * Who asks for a name is redirected to its pin; who asks for an address gets that address. So
 * a packet to a candidate follows only the names whose answers gave the address to this
 * program, to any of its processes. Fork shares the memory. It lasts as long as the program,
 * which may keep an answer for long.
 *
 * Sets of bits that only grow, in shared.h; without that memory nothing counts as given. Two
 * things with the same bits are taken for one another: then a program is redirected as if it had
 * asked for the name. No locks, no allocation; errno is kept.
 */
#ifndef STICKYDNS_GIVEN_H
#define STICKYDNS_GIVEN_H

#include "policy/pins/answer.h"

/* An answer for the name gave these addresses. */
void given_note(const struct name *n, const struct pool *p);
void given_note_address(const struct name *n, const struct address *a);

/*
 * libc's own answer begins with `a`: a program that takes one address of a name takes
 * this, and may write it in its requests as a number (sipp's [remote_ip]).
 */
void given_note_first(const struct address *a);

/* `node`, an address in text, was looked up: the program asks for that address itself. */
void given_note_number(const char *node);

/* Was this very text one of the last that were noted so? Then there is nothing to note, and `node` is no name. */
bool given_knows_number(const char *node);

/*
 * Did an answer for the name give the address to this program? Of one that asked for
 * that number too it is not known which it means: only what was given in the last
 * GIVEN_LATELY_S counts.
 */
enum { GIVEN_LATELY_S = 300 };
bool given_by(const struct name *n, const struct address *a);

/* Was it the first of an answer of libc, and never asked for by number? */
bool given_first(const struct address *a);

/* Another number whenever something was noted that was not known. */
unsigned given_count(void);

#endif
