/*
 * sip-evidence.h: what SIP requests and their answers prove about a server, as pure functions.
 *
 * sip-transactions.h remembers the requests. A status that is to count as a failure has its place in status_may_fail().
 */
#ifndef STICKYDNS_SIP_EVIDENCE_H
#define STICKYDNS_SIP_EVIDENCE_H

#include "policy/rules/decide.h"
#include "policy/wire/sip-message.h"

/* What a request of this method stands for. */
static inline enum request_kind request_kind(unsigned method)
{
	return method == SIP_REGISTER ? REQUEST_REGISTRATION : method == SIP_INVITE ? REQUEST_CALL : REQUEST_OTHER;
}

enum {
	SILENCE_SENDS = 4,
	SILENCE_MS = 7400,		/* a fifth send is due after 15 T1 = 7.5 s (17.1.1.2, 17.1.2.2) */
	STATUS_COOL_MAX_S = 300,
	STATUS_TRUST_MS = 60000,	/* a 2xx to REGISTER vouches for the server so long */
};

/*
 * Is it a failure of the endpoint that a UDP request is about to be sent there
 * again? `sends` and `age_ms` as tx_find and tx_age_ms give them, without the send
 * at hand; `heard`: the endpoint has answered a request of its kind, of any process,
 * since the first of them. Only REGISTER and INVITE are evidence: a proxy whose own request
 * is pending must not answer any other with a 408, and sends no provisional answer
 * either for long (RFC 4320 4.1, 4.2), and it answers an INVITE with 100 within 200
 * ms (RFC 3261 17.2.1). REGISTER is for the registrar itself.
 */
bool silence_proves(enum sip_method method, unsigned sends, uint64_t age_ms, bool heard);

/* Can a response of this status be a failure of the server that sent it? 503; of REGISTER also 408, 480 and most other 5xx. */
bool status_may_fail(unsigned status);

enum status_effect {
	STATUS_NOTHING,			/* no evidence, either way */
	STATUS_SUCCESS,			/* the endpoint works */
	STATUS_FAILED,			/* the endpoint failed; an auto pin moves */
};

struct status_proof {
	enum status_effect effect;
	enum cause cause;		/* of a failure, else CAUSE_NONE */
	uint32_t cool;			/* of a failure: COOL_BY_HISTORY, COOL_NOT, or seconds, at most STATUS_COOL_MAX_S */
};

/*
 * What a response proves that tx_match let through. `retry_after` as in
 * sip_message; `ms_since_register_ok`: since a REGISTER of any process got a 2xx
 * from that endpoint, UINT64_MAX if none did. 503: RFC 3261 21.5.4, RFC 3263 4.3.
 * To REGISTER, 408, 480 and 5xx but 501, 505 and 513 fail the endpoint, unless it
 * registered somebody within STATUS_TRUST_MS; it does not cool off. To other methods
 * they are the callee's, passed on by a proxy that works: STATUS_SUCCESS.
 */
struct status_proof status_proves(enum sip_method method, unsigned status, int64_t retry_after,
				     uint64_t ms_since_register_ok);

/*
 * May the connection that this message went through be closed after its transaction?
 * REGISTER and OPTIONS outside of a dialog begin none, and nothing is sent there later
 * (RFC 3261 12.1). After any other message something may follow.
 */
bool stands_alone(const struct sip_message *m);

#endif
