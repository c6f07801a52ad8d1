/*
 * cause.h: why an endpoint failed, a pin moved, or an event was written.
 *
 * A cause is a small number in the table. Add new ones at the end only, and never
 * renumber them within a layout version.
 */
#ifndef STICKYDNS_CAUSE_H
#define STICKYDNS_CAUSE_H

#include <stdbool.h>

/*
 * The causes, one a row: CAUSE_ number, text, errno name that a failure stands for, and whether the failure can look
 * the same when this host has no way to the server.
 */
#define CAUSES_LIST(C)										\
	C(NONE, "none", "", false)									\
	C(REFUSED, "refused", "ECONNREFUSED", false)							\
	C(TIMED_OUT, "timed out", "ETIMEDOUT", true) /* ETIMEDOUT, or SYN_SENT given up after 3 s */	\
	C(UNREACHABLE, "unreachable", "EHOSTUNREACH", true)				\
	C(RESET, "reset", "ECONNRESET", false) /* ECONNRESET before established */			\
	C(ABANDONED, "abandoned unanswered", "", true) /* a process went away after 3 s in SYN_SENT */	\
	C(BY_HAND, "by hand", "", false) /* pinctl */							\
	C(FAILED, "it failed", "", false) /* of a pin: an endpoint that counts for it failed */		\
	C(FIRST, "first handed out", "", false) /* first address handed out */				\
	C(CONNECTED, "connected", "", false)					\
	C(ABSENT, "absent from DNS", "", false) /* no longer in the answer */				\
	C(IDLE, "idle", "", false) /* not used for `idle` */						\
	C(MAX_AGE, "max-age", "", false) /* older than `max-age` */					\
	C(TTL, "ttl over", "", false) /* an explicit pin's --ttl */					\
	C(PATH, "all candidates failed", "", false) /* every candidate failed: the path, not the servers */	\
	C(ELSEWHERE, "success elsewhere", "", false) /* a tentative pin follows a success elsewhere */	\
	C(DRAINED, "drained", "", false)								\
	C(FULL, "the table was full", "", false)							\
	C(SILENCE, "silent", "", true) /* a REGISTER or INVITE that was sent again and again, unanswered for 7.4 s */	\
	C(SIP_503, "503 Service Unavailable", "", false)			\
	C(SIP_STATUS, "failure status to REGISTER", "", false) /* another status of a server that cannot register */	\
	C(ANSWERED, "answered", "", false) /* a SIP answer; over TLS any byte */			\
	C(FAILBACK, "better priority", "", false) /* of a pin: an SRV target of a better priority, after `failback` */	\
	C(BROKEN, "connection broken", "ECONNRESET", false) /* an established connection was reset */	\
	C(RESTORED, "restored", "", false) /* of a pin: by pinctl restore */				\
	C(UNANSWERED, "requests unanswered", "", true) /* requests that programs gave up, one after the other */	\
	C(CLOSED, "connections closed unanswered", "", false) /* connections that the server closed without a byte, while requests waited */ \
	C(PROBE, "probes unanswered", "", true) /* of pinkeeper */

#define CAUSE_NUMBER(id, ...) CAUSE_##id,
enum cause { CAUSES_LIST(CAUSE_NUMBER) CAUSES };
#undef CAUSE_NUMBER

/* "refused", "timed out"; "unknown" for a number that is none. */
const char *cause_text(unsigned cause);

/* The errno name that a failure stands for ("ECONNREFUSED"), or "" . */
const char *cause_errno(unsigned cause);

/* Can the want of a way to the server look like this? */
bool cause_leaves_doubt(unsigned cause);

/* The cause of a failed connect; CAUSE_NONE where the trouble is the host's own (ENETUNREACH, EMFILE …). */
enum cause cause_of_errno(int error);

#endif
