/*
 * sip-evidence.h: what SIP requests and their answers prove about a server, as pure functions.
 *
 * sip-transactions.h remembers the requests. A status that is to count as a failure has its place in STATUSES_LIST (settings.h).
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
	STATUS_TRUST_MS = 60000,	/* a 2xx to REGISTER vouches for the server so long */
};

/*
 * Is it a failure of the endpoint that a UDP request is about to be sent there
 * again? `silence`: as SET_SILENCE has it, {SENDS, TIME}; by default a fifth send, which
 * is due after 15 T1 = 7.5 s (17.1.1.2, 17.1.2.2). `sends` and `age_ms` as tx_find and tx_age_ms give them, without the send
 * at hand; `heard`: the endpoint has answered a request of its kind, of any process,
 * since the first of them. Only REGISTER and INVITE are evidence: a proxy whose own request
 * is pending must not answer any other with a 408, and sends no provisional answer
 * either for long (RFC 4320 4.1, 4.2), and it answers an INVITE with 100 within 200
 * ms (RFC 3261 17.2.1). REGISTER is for the registrar itself.
 */
bool silence_proves(enum sip_method method, unsigned sends, uint64_t age_ms, bool heard, uint64_t silence);

/* Can a response of this status be a failure of the server that sent it, whatever the settings are? */
bool status_may_fail(unsigned status);

/* The settings that hold for its answers, as they are kept. */
struct status_rules {
	uint64_t fail_on;		/* SET_FAIL_ON */
	uint32_t retry_after_max_s;
};

enum status_effect {
	STATUS_NOTHING,			/* no evidence, either way */
	STATUS_SUCCESS,			/* the endpoint works */
	STATUS_FAILED,			/* the endpoint failed; an auto pin moves */
};

struct status_proof {
	enum status_effect effect;
	enum cause cause;		/* of a failure, else CAUSE_NONE */
	uint32_t cool;			/* of a failure: COOL_BY_HISTORY, COOL_NOT, or seconds, at most retry_after_max_s */
};

/*
 * What a response proves that tx_match let through. `retry_after` as in
 * sip_message; `ms_since_register_ok`: since a REGISTER of any process got a 2xx
 * from that endpoint, UINT64_MAX if none did. Only what is in fail_on is a failure; a 5xx
 * that no RFC has is as 500 (RFC 3261 8.1.3.2). 503: RFC 3261 21.5.4, RFC 3263 4.3.
 * To REGISTER, the others fail the endpoint, unless it registered somebody within
 * STATUS_TRUST_MS; it does not cool off. To other methods they are the callee's, passed on
 * by a proxy that works: STATUS_SUCCESS.
 */
struct status_proof status_proves(enum sip_method method, unsigned status, int64_t retry_after,
				     uint64_t ms_since_register_ok, struct status_rules rules);

/*
 * May the connection that this message went through be closed after its transaction?
 * REGISTER and OPTIONS outside of a dialog begin none, and nothing is sent there later
 * (RFC 3261 12.1). After any other message something may follow.
 */
bool stands_alone(const struct sip_message *m);

#endif
