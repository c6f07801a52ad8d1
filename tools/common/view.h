/* view.h: what the table knows of a name, in words: for list and show. */
#ifndef STICKYDNS_VIEW_H
#define STICKYDNS_VIEW_H

#include "policy/base/clock.h"
#include "policy/pins/view.h"
#include "tools/common/format.h"

/* The object of `pinctl list --json`; NULL: no memory. */
json_t *view_json(const struct table *t, const struct name_view *v);

/* "5060/tcp", "other", "-". */
enum { PORT_TEXT = 16 };
void port_text(uint16_t port, uint8_t transport, char out[static PORT_TEXT]);

/* null for none. */
json_t *port_json(uint16_t port);
json_t *transport_json(uint8_t transport);

/* "inet", "inet6"; of a service "srv". */
const char *family_text(const struct name *n, enum family f);
const char *circuit_text(enum circuit f);
const char *kind_text(const struct pin_view *p);
const char *state_text(const struct pin_view *p);

#endif
