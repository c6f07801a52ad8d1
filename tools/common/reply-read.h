/*
 * reply-read.h: a DNS message, as c-ares gives it for one question, read into a reply.
 *
 * c-ares follows CNAMEs and passes over records that are of a wrong length or of another name. An answer with such
 * records is no account of what is published, least of all that nothing is: it has failed.
 */
#ifndef STICKYDNS_REPLY_READ_H
#define STICKYDNS_REPLY_READ_H

#include <arpa/nameser.h>

#include "tools/common/reply.h"

/*
 * `status`: ARES_..., as a callback of ares_query(3) gets it; `bytes`: the message, looked at only when that is
 * ARES_SUCCESS. `type`: A, AAAA or SRV. *r is written but for the records behind r->n.
 */
void reply_read(int status, ns_type type, const unsigned char *bytes, int len, struct reply *r);

#endif
