/* cause.c: names of causes. See cause.h. */
#include "policy/base/cause.h"

#include <errno.h>

static const struct {
	const char *text, *error;
} causes[CAUSES] = {
	[CAUSE_NONE] = {"none", ""},
	[CAUSE_REFUSED] = {"refused", "ECONNREFUSED"},
	[CAUSE_TIMED_OUT] = {"timed out", "ETIMEDOUT"},
	[CAUSE_UNREACHABLE] = {"unreachable", "EHOSTUNREACH"},
	[CAUSE_RESET] = {"reset", "ECONNRESET"},
	[CAUSE_ABANDONED] = {"abandoned unanswered", ""},
	[CAUSE_BY_HAND] = {"by hand", ""},
	[CAUSE_FAILED] = {"it failed", ""},
	[CAUSE_FIRST] = {"first handed out", ""},
	[CAUSE_CONNECTED] = {"connected", ""},
	[CAUSE_ABSENT] = {"absent from DNS", ""},
	[CAUSE_IDLE] = {"idle", ""},
	[CAUSE_MAX_AGE] = {"max-age", ""},
	[CAUSE_TTL] = {"ttl over", ""},
	[CAUSE_PATH] = {"all candidates failed", ""},
	[CAUSE_ELSEWHERE] = {"success elsewhere", ""},
	[CAUSE_DRAINED] = {"drained", ""},
	[CAUSE_EVICTED] = {"evicted", ""},
	[CAUSE_SILENCE] = {"silent", ""},
	[CAUSE_SIP_503] = {"503 Service Unavailable", ""},
	[CAUSE_SIP_STATUS] = {"failure status to REGISTER", ""},
	[CAUSE_ANSWERED] = {"answered", ""},
	[CAUSE_FAILBACK] = {"better priority", ""},
	[CAUSE_RESTORED] = {"restored", ""},
	[CAUSE_UNANSWERED] = {"requests unanswered", ""},
	[CAUSE_CLOSED] = {"connections closed unanswered", ""},
	[CAUSE_BROKEN] = {"connection broken", "ECONNRESET"},
};

const char *cause_text(unsigned cause)
{
	return cause < CAUSES ? causes[cause].text : "unknown";
}

const char *cause_errno(unsigned cause)
{
	return cause < CAUSES ? causes[cause].error : "";
}

enum cause cause_of_errno(int error)
{
	switch (error) {
	case ECONNREFUSED: return CAUSE_REFUSED;
	case ETIMEDOUT: return CAUSE_TIMED_OUT;
	case EHOSTUNREACH:
	case EHOSTDOWN: return CAUSE_UNREACHABLE;
	case ECONNRESET: return CAUSE_RESET;
	default: return CAUSE_NONE;
	}
}
