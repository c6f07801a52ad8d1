/*
 * exposition.h: metrics as text, in Prometheus's format 0.0.4.
 *
 *     expose_metric(x, METRIC_COUNTER, "pinkeeper_probe_requests_total", "Probes that were sent.");
 *     expose_sample(x, sent_udp, "transport", "udp", NULL);
 *     expose_sample(x, sent_tcp, "transport", "tcp", NULL);
 *
 * Names: stickydns_ for what the table says, pinkeeper_DUTY_ for what a duty does. A counter ends in _total; a unit is a base
 * unit at the end of the name (_seconds, _bytes). The labels of a metric take few values.
 */
#ifndef STICKYDNS_EXPOSITION_H
#define STICKYDNS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of the text. Pieces are never moved, since megabytes that are copied would hold up the loop. */
struct piece {
	struct piece *next;
	size_t length, room;
	char text[];			/* not NUL-terminated */
};

/* Text under construction. Begin with zeros; expose_free() at the end. */
struct exposition {
	struct piece *first, *last;
	const char *metric;		/* whose samples come next */
	bool failed;			/* out of memory: the text is not whole */
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* Begin a metric, with its HELP and TYPE. `name` lives as long as samples are added to it. */
void expose_metric(struct exposition *x, enum metric_type type, const char *name, const char *help);

/* A sample of the metric that was begun last. Then label and value, in turn, and NULL; a value may have any bytes. */
void expose_sample(struct exposition *x, double value, ...) __attribute__((sentinel));

/* Append the text of `more`, which is empty then. */
void expose_append(struct exposition *x, struct exposition *more);

void expose_free(struct exposition *x);

#endif
