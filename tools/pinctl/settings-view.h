/*
 * settings-view.h: the settings of a name as `pinctl show` and `pinctl settings` print them: what holds, and where it comes from.
 */
#ifndef STICKYDNS_PINCTL_SETTINGS_VIEW_H
#define STICKYDNS_PINCTL_SETTINGS_VIEW_H

#include <jansson.h>

#include "policy/pins/view.h"
#include "policy/table/settings.h"

/* One row a setting: key, value, source. False: out of memory, rows were lost. */
bool settings_rows(const struct table *t, const struct effective *e);

/* The same as an object: {KEY: {value, from}}. */
json_t *settings_json(const struct table *t, const struct effective *e);

/*
 * Where another value than the name's own (`e`) holds at one of its endpoints, since other names lead there, too: address,
 * port, key, value, whose it is. Nothing is printed if there is none.
 */
bool stricter_rows(const struct table *t, const struct name_view *v, const struct effective *e);
json_t *stricter_json(const struct table *t, const struct name_view *v, const struct effective *e);

#endif
