/*
 * entry.h: an entry of a log with fields, in the forms in which journald and syslog take it. Pure: the sockets are events.c's.
 *
 * A field {"name", "sip.example.com"} is STICKYDNS_NAME=sip.example.com in the journal. Messages and values are printable ASCII.
 */
#ifndef STICKYDNS_ENTRY_H
#define STICKYDNS_ENTRY_H

#include <stddef.h>
#include <stdint.h>

enum {
	ENTRY_FIELDS = 16,
	ENTRY_BYTES = 4096,		/* of a datagram; what does not fit is cut off at a field */
};

struct entry {
	int priority;			/* LOG_INFO (syslog(3)) */
	const char *message;
	size_t n;
	struct {
		const char *key, *value;
	} field[ENTRY_FIELDS];
};

/* "STICKYDNS_NAME" of "name", cut off at `size`. */
void entry_key(const char *key, char *out, size_t size);

/* The datagram for /run/systemd/journal/socket (systemd.io/JOURNAL_NATIVE_PROTOCOL), and its length. */
size_t entry_journald(const struct entry *e, char out[static ENTRY_BYTES]);

/* The datagram for /dev/log, as syslog(3) writes it; fields as in RFC 5424 6.3: message [name="sip.example.com"]. */
size_t entry_syslog(const struct entry *e, uint64_t time_ns, uint32_t pid, char out[static ENTRY_BYTES]);

#endif
