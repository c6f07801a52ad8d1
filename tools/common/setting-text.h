/* setting-text.h: the settings as words: what stickydns.conf has, and what pinctl shows. Their forms are in settings.h. */
#ifndef STICKYDNS_SETTING_TEXT_H
#define STICKYDNS_SETTING_TEXT_H

#include "policy/table/settings.h"

enum { SETTING_TEXT = 192, SETTING_TAKES = 192, SETTING_VALUES_MAX = 2 * STATUSES };

/*
 * Reads the value of a setting: its `n` words, which are the elements of a list, or one alone. -1: it was taken, *out. Else
 * the number of the word that does not fit; with too few, n.
 */
int setting_parse(enum setting k, const char *const words[], size_t n, uint64_t *out);

/* The other way: "on", "5m", "{30s, 5m}", "{5060, 5061}", "{}". */
void setting_text(enum setting k, uint64_t value, char out[static SETTING_TEXT]);

/* What it takes, for people: "sip, on or off"; "{MIN, MAX}, times from 1s to 1h". */
void setting_takes(enum setting k, char out[static SETTING_TAKES]);

#endif
