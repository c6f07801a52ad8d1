/* cause.c: names of causes. See cause.h. */
#include "policy/base/cause.h"

#include <errno.h>

static const struct {
	const char *text, *error;
	bool leaves_doubt;
} causes[CAUSES] = {
#define CAUSE(id, ...) [CAUSE_##id] = {__VA_ARGS__},
	CAUSES_LIST(CAUSE)
};

const char *cause_text(unsigned cause)
{
	return cause < CAUSES ? causes[cause].text : "unknown";
}

const char *cause_errno(unsigned cause)
{
	return cause < CAUSES ? causes[cause].error : "";
}

bool cause_leaves_doubt(unsigned cause) { return cause < CAUSES && causes[cause].leaves_doubt; }

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
