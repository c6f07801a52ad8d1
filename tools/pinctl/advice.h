/*
 * advice.h: what a program may want, so that it sticks, and shares its pins: a line for each finding of `pinctl doctor`,
 * with what to do about it.
 */
#ifndef STICKYDNS_ADVICE_H
#define STICKYDNS_ADVICE_H

#include "tools/pinctl/confined.h"
#include "tools/pinctl/patient.h"
#include "tools/pinctl/tables.h"

struct diagnosis {
	const struct patient *patient;
	const struct confined *confined;	/* of a process */
	const struct tables *tables;		/* all that there are */
	const char *shim;			/* the library that would be used, of a program; "" */
	const char *table;			/* its path; "": it has none */
};

/* Adds to `out`. False: no memory. */
bool advice_find(const struct diagnosis *d, struct names *out);

#endif
