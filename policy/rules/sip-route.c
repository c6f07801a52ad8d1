/* sip-route.c: see sip-route.h. */
#include "policy/rules/sip-route.h"

enum sip_route sip_route_of(const struct sip_message *m, struct remembered known)
{
	const bool follows = m->method == SIP_ACK || m->method == SIP_CANCEL;
	const bool initial = !follows && m->to == SIP_TO_BARE;
	if (m->status)
		return known.came_from ? ROUTE_BACK : ROUTE_ORIGINAL;
	if (known.leg)
		return ROUTE_LEG;
	if (follows && known.origin)
		return ROUTE_REQUEST;
	if (known.again && !(known.silent && initial))
		return ROUTE_AGAIN;
	if (m->to == SIP_TO_TAGGED && known.dialog)
		return ROUTE_DIALOG;
	return initial && !known.number ? ROUTE_PIN : ROUTE_ORIGINAL;
}

static bool may_make_dialog(unsigned method)
{
	return method == SIP_INVITE || method == SIP_SUBSCRIBE || method == SIP_REFER;
}

bool sip_begins_dialog(const struct sip_message *m)
{
	return m->to == SIP_TO_BARE && may_make_dialog(m->method);
}

static enum dialog dialog_of_response(const struct sip_message *m, bool out)
{
	if (m->status == 408 || m->status == 481 || (m->method == SIP_BYE && m->status / 100 == 2))
		return DIALOG_ENDS;
	const bool good = m->status / 100 == 2 || (m->status / 100 == 1 && !out);
	return good && may_make_dialog(m->method) ? DIALOG_LIVES : DIALOG_NOTHING;
}

enum dialog sip_dialog_of(const struct sip_message *m, bool out, bool ack_to_failure)
{
	if (m->to != SIP_TO_TAGGED || !m->call_id || m->method == SIP_CANCEL)
		return DIALOG_NOTHING;
	if (m->status)
		return dialog_of_response(m, out);
	return m->method == SIP_BYE || ack_to_failure ? DIALOG_ENDS : DIALOG_LIVES;
}
