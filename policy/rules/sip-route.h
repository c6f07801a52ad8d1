/*
 * sip-route.h: where a SIP message goes that a program sends over UDP. The rule alone; pure.
 *
 * The first of these that holds:
 *
 *   a response goes back to where its request came from (RFC 3261 18.2.2)
 *   a message with the To-tag of a late answer goes to the server that gave it (13.2.2.4)
 *   ACK to a failure, and CANCEL, go where their request last went (17.1.1.3, 9.1)
 *   a request that is sent again goes where it last went; but an initial one goes to the
 *   pin at once if silence has just proved that server dead
 *   a message of a dialog stays with the dialog's server (12.2)
 *   an initial request goes to the pin, unless its next hop is written as the number of the
 *   server that the program sent it to (sip-hop.h)
 *   anything else goes where the program sent it
 *
 * ACK, CANCEL and responses never go to the pin for its own sake. Nor does a request
 * that may or may not belong to a dialog.
 */
#ifndef STICKYDNS_SIP_ROUTE_H
#define STICKYDNS_SIP_ROUTE_H

#include "policy/wire/sip-message.h"

enum sip_route {
	ROUTE_ORIGINAL,			/* where the program sent it */
	ROUTE_BACK,			/* where the request came from that it answers */
	ROUTE_REQUEST,			/* where the request went that it acknowledges or cancels */
	ROUTE_AGAIN,			/* where it went before */
	ROUTE_LEG,			/* where the late answer came from that began this dialog */
	ROUTE_DIALOG,			/* where its dialog's server is */
	ROUTE_PIN,
};

/* What is remembered, each of messages to the same address as asked now. */
struct remembered {
	bool came_from;			/* of a response: its request seemed to come from there */
	bool origin;			/* of ACK and CANCEL: their request */
	bool again;			/* this very request (transaction and method) */
	bool silent;			/* and its server has just failed by silence */
	bool leg;			/* its Call-ID and To-tag are those of a late answer */
	bool dialog;			/* a dialog of its Call-ID was moved */
	bool number;			/* its next hop is written as the address asked */
};

enum sip_route sip_route_of(const struct sip_message *m, struct remembered known);

/*
 * What does a message that bears a To-tag say of the dialog? `out`: the program sent it. An early
 * dialog of the program's own INVITE counts (12.1), and ends with the ACK to its failure; 408
 * and 481 end any (12.2.1.2). A BYE ends it, or its answer, if the program is the one called.
 */
enum dialog { DIALOG_NOTHING, DIALOG_LIVES, DIALOG_ENDS };
enum dialog sip_dialog_of(const struct sip_message *m, bool out, bool ack_to_failure);

/* May it begin a dialog (RFC 3261 12.1, 6665, 3515)? */
bool sip_begins_dialog(const struct sip_message *m);

#endif
