/*
 * cause.h: why an endpoint failed, a pin moved, or an event was written.
 *
 * A cause is a small number in the table. Add new ones at the end only, and never
 * renumber them within a layout version.
 */
#ifndef STICKYDNS_CAUSE_H
#define STICKYDNS_CAUSE_H

enum cause {
	CAUSE_NONE,
	CAUSE_REFUSED,		/* ECONNREFUSED */
	CAUSE_TIMED_OUT,	/* ETIMEDOUT, or SYN_SENT given up after 3 s */
	CAUSE_UNREACHABLE,	/* EHOSTUNREACH */
	CAUSE_RESET,		/* ECONNRESET before established */
	CAUSE_ABANDONED,	/* a process went away after 3 s in SYN_SENT */
	CAUSE_BY_HAND,		/* pinctl */
	CAUSE_FAILED,		/* of a pin: an endpoint that counts for it failed */
	CAUSE_FIRST,		/* first address handed out */
	CAUSE_CONNECTED,	/* TCP established */
	CAUSE_ABSENT,		/* no longer in the answer */
	CAUSE_IDLE,		/* not used for `idle` */
	CAUSE_MAX_AGE,		/* older than `max-age` */
	CAUSE_TTL,		/* an explicit pin's --ttl */
	CAUSE_PATH,		/* every candidate failed: the path, not the servers */
	CAUSE_ELSEWHERE,	/* a tentative pin follows a success elsewhere */
	CAUSE_DRAINED,
	CAUSE_EVICTED,		/* the table was full */
	CAUSE_SILENCE,		/* a REGISTER or INVITE that was sent again and again, unanswered for 7.4 s */
	CAUSE_SIP_503,		/* 503 Service Unavailable */
	CAUSE_SIP_STATUS,	/* another status of a server that cannot register */
	CAUSE_ANSWERED,		/* a SIP answer; over TLS any byte */
	CAUSE_FAILBACK,		/* of a pin: an SRV target of a better priority, after `failback` */
	CAUSE_BROKEN,		/* an established connection was reset */
	CAUSE_RESTORED,		/* of a pin: by pinctl restore */
	CAUSE_UNANSWERED,	/* requests that programs gave up, one after the other */
	CAUSE_CLOSED,		/* connections that the server closed without a byte, while requests waited */
	CAUSES
};

/* "refused", "timed out"; "unknown" for a number that is none. */
const char *cause_text(unsigned cause);

/* The errno name that a failure stands for ("ECONNREFUSED"), or "" . */
const char *cause_errno(unsigned cause);

/* The cause of a failed connect; CAUSE_NONE where the trouble is the host's own (ENETUNREACH, EMFILE …). */
enum cause cause_of_errno(int error);

#endif
