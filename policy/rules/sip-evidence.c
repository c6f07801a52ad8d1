/* sip-evidence.c: see sip-evidence.h. Section numbers are RFC 3261's. */
#include "policy/rules/sip-evidence.h"

bool silence_proves(enum sip_method method, unsigned sends, uint64_t age_ms, bool heard, uint64_t silence)
{
	return (method == SIP_REGISTER || method == SIP_INVITE) && sends >= (uint32_t)silence && age_ms >= silence >> 32 && !heard;
}

/* The status's number in a set, or -1. */
static int number_of(unsigned status)
{
	switch (status) {
#define NUMBER(code) case code: return STATUS_##code;
		STATUSES_LIST(NUMBER)
#undef NUMBER
	default: return status >= 500 && status < 600 ? STATUS_500 : -1;
	}
}

bool status_may_fail(unsigned status) { return number_of(status) >= 0; }

static bool fails(unsigned status, uint64_t fail_on)
{
	const int number = number_of(status);
	return number >= 0 && fail_on >> number & 1;
}

/* 21.5.4: without Retry-After a 503 is as a 500. To another method than REGISTER it may be the next hop's. */
static struct status_proof unavailable(enum sip_method method, int64_t retry_after, uint32_t max_s)
{
	if (method != SIP_REGISTER && retry_after <= 0)
		return (struct status_proof){STATUS_NOTHING, CAUSE_NONE, 0};
	const int64_t cool = retry_after <= 0 ? COOL_BY_HISTORY : retry_after < max_s ? retry_after : max_s;
	return (struct status_proof){STATUS_FAILED, CAUSE_SIP_503, (uint32_t)cool};
}

struct status_proof status_proves(enum sip_method method, unsigned status, int64_t retry_after,
				     uint64_t ms_since_register_ok, struct status_rules rules)
{
	static const struct status_proof nothing = {STATUS_NOTHING, CAUSE_NONE, 0}, success = {STATUS_SUCCESS, CAUSE_NONE, 0},
					 failed = {STATUS_FAILED, CAUSE_SIP_STATUS, COOL_NOT};
	if (method == SIP_NONE || method == SIP_ACK || status < 100 || status > 699)
		return nothing;
	if (method == SIP_REGISTER && status < 200)
		return nothing;		/* alive; whether it serves us the final answer says */
	if (!fails(status, rules.fail_on))
		return success;
	if (status == 503)
		return unavailable(method, retry_after, rules.retry_after_max_s);
	if (method != SIP_REGISTER)
		return success;
	return ms_since_register_ok <= STATUS_TRUST_MS ? nothing : failed;
}

bool stands_alone(const struct sip_message *m)
{
	return (m->method == SIP_REGISTER || m->method == SIP_OPTIONS) && (m->status != 0 || m->to == SIP_TO_BARE);
}
