/* sip-evidence.c: see sip-evidence.h. Section numbers are RFC 3261's. */
#include "policy/rules/sip-evidence.h"

bool silence_proves(enum sip_method method, unsigned sends, uint64_t age_ms, bool heard)
{
	return (method == SIP_REGISTER || method == SIP_INVITE) && sends >= SILENCE_SENDS && age_ms >= SILENCE_MS && !heard;
}

/* 21.5.4: without Retry-After a 503 is as a 500. To another method than REGISTER it may be the next hop's. */
static struct status_proof unavailable(enum sip_method method, int64_t retry_after)
{
	if (method != SIP_REGISTER && retry_after <= 0)
		return (struct status_proof){STATUS_NOTHING, CAUSE_NONE, 0};
	const int64_t cool = retry_after <= 0 ? COOL_BY_HISTORY : retry_after < STATUS_COOL_MAX_S ? retry_after : STATUS_COOL_MAX_S;
	return (struct status_proof){STATUS_FAILED, CAUSE_SIP_503, (uint32_t)cool};
}

/*
 * A registrar says so that it cannot serve anybody now: 408, 480, 5xx. Any other 4xx, a 6xx, 501, 505 and 513
 * (21.5.2, 21.5.6, 21.5.7) speak of the request.
 */
bool status_may_fail(unsigned status)
{
	return status == 408 || status == 480 || (status >= 500 && status < 600 && status != 501 && status != 505 && status != 513);
}

struct status_proof status_proves(enum sip_method method, unsigned status, int64_t retry_after,
				     uint64_t ms_since_register_ok)
{
	static const struct status_proof nothing = {STATUS_NOTHING, CAUSE_NONE, 0}, success = {STATUS_SUCCESS, CAUSE_NONE, 0},
					 failed = {STATUS_FAILED, CAUSE_SIP_STATUS, COOL_NOT};
	if (method == SIP_NONE || method == SIP_ACK || status < 100 || status > 699)
		return nothing;
	if (status == 503)
		return unavailable(method, retry_after);
	if (method == SIP_REGISTER && status < 200)
		return nothing;		/* alive; whether it serves us the final answer says */
	if (method == SIP_REGISTER && status_may_fail(status))
		return ms_since_register_ok <= STATUS_TRUST_MS ? nothing : failed;
	return success;
}

bool stands_alone(const struct sip_message *m)
{
	return (m->method == SIP_REGISTER || m->method == SIP_OPTIONS) && (m->status != 0 || m->to == SIP_TO_BARE);
}
