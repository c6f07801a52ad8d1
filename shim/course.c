/* course.c: see course.h. */
#include "course.h"

enum course course_of(const struct sip_message *m, struct remembered known)
{
	const bool follows = m->method == SIP_ACK || m->method == SIP_CANCEL;
	const bool initial = !follows && m->to == SIP_TO_BARE;
	if (m->status)
		return known.request ? COURSE_BACK : COURSE_ASKED;
	if (known.leg)
		return COURSE_LEG;
	if (follows && known.origin)
		return COURSE_ORIGIN;
	if (known.again && !(known.silent && initial))
		return COURSE_AGAIN;
	if (m->to == SIP_TO_TAGGED && known.dialog)
		return COURSE_DIALOG;
	return initial && !known.number ? COURSE_PIN : COURSE_ASKED;
}

bool course_begins_dialog(const struct sip_message *m)
{
	return m->to == SIP_TO_BARE && (m->method == SIP_INVITE || m->method == SIP_SUBSCRIBE || m->method == SIP_REFER);
}
