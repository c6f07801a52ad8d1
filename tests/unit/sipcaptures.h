/*
 * sipcaptures.h: what real programs sent, and what is read from it.
 *
 * Captured with tcpdump on Debian 12 in a network namespace: sipp 3.6.1 (uac, uas),
 * sipsak 0.9.8, baresip 1.0, linphonec 5.1.65, kamailio 5.6.3 (as registrar, and
 * relaying with t_relay). Unchanged, bodies included.
 */
#ifndef STICKYDNS_SIPCAPTURES_H
#define STICKYDNS_SIPCAPTURES_H

#include "tests/unit/siplab.h"

static const struct sip_row sip_captures[] = {
	{"sipp INVITE", SIP_INVITE, 0, "z9hG4bK-23147-1-0", "1-23147@127.0.0.1", 1, SIP_TO_BARE, 129, SIP_ABSENT, TEXT(
	  "INVITE sip:service@127.0.0.1:5060 SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-23147-1-0\r\n"
	  "From: sipp <sip:sipp@127.0.0.1:5080>;tag=23147SIPpTag001\r\n"
	  "To: service <sip:service@127.0.0.1:5060>\r\n"
	  "Call-ID: 1-23147@127.0.0.1\r\n"
	  "CSeq: 1 INVITE\r\n"
	  "Contact: sip:sipp@127.0.0.1:5080\r\n"
	  "Max-Forwards: 70\r\n"
	  "Subject: Performance Test\r\n"
	  "Content-Type: application/sdp\r\n"
	  "Content-Length:   129\r\n"
	  "\r\n"
	  "v=0\r\n"
	  "o=user1 53655765 2353687637 IN IP4 127.0.0.1\r\n"
	  "s=-\r\n"
	  "c=IN IP4 127.0.0.1\r\n"
	  "t=0 0\r\n"
	  "m=audio 6008 RTP/AVP 0\r\n"
	  "a=rtpmap:0 PCMU/8000\r\n")},
	{"kamailio 100", SIP_INVITE, 100, "z9hG4bK-23147-1-0", "1-23147@127.0.0.1", 1, SIP_TO_BARE, 0, SIP_ABSENT, TEXT(
	  "SIP/2.0 100 trying -- your call is important to us\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-23147-1-0\r\n"
	  "From: sipp <sip:sipp@127.0.0.1:5080>;tag=23147SIPpTag001\r\n"
	  "To: service <sip:service@127.0.0.1:5060>\r\n"
	  "Call-ID: 1-23147@127.0.0.1\r\n"
	  "CSeq: 1 INVITE\r\n"
	  "Server: kamailio (5.6.3 (x86_64/linux))\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"kamailio relays the INVITE of sipp", SIP_INVITE, 0, "z9hG4bK986f.7e70131ffd33ee235e71cddf1fccbd2c.0", "1-23147@127.0.0.1", 1, SIP_TO_BARE, 129, SIP_ABSENT, TEXT(
	  "INVITE sip:service@127.0.0.1:5060 SIP/2.0\r\n"
	  "Record-Route: <sip:127.0.0.1;lr;ftag=23147SIPpTag001>\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK986f.7e70131ffd33ee235e71cddf1fccbd2c.0\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-23147-1-0\r\n"
	  "From: sipp <sip:sipp@127.0.0.1:5080>;tag=23147SIPpTag001\r\n"
	  "To: service <sip:service@127.0.0.1:5060>\r\n"
	  "Call-ID: 1-23147@127.0.0.1\r\n"
	  "CSeq: 1 INVITE\r\n"
	  "Contact: sip:sipp@127.0.0.1:5080\r\n"
	  "Max-Forwards: 70\r\n"
	  "Subject: Performance Test\r\n"
	  "Content-Type: application/sdp\r\n"
	  "Content-Length:   129\r\n"
	  "\r\n"
	  "v=0\r\n"
	  "o=user1 53655765 2353687637 IN IP4 127.0.0.1\r\n"
	  "s=-\r\n"
	  "c=IN IP4 127.0.0.1\r\n"
	  "t=0 0\r\n"
	  "m=audio 6008 RTP/AVP 0\r\n"
	  "a=rtpmap:0 PCMU/8000\r\n")},
	{"sipp 180, two Vias in one field", SIP_INVITE, 180, "z9hG4bK986f.7e70131ffd33ee235e71cddf1fccbd2c.0", "1-23147@127.0.0.1", 1, SIP_TO_TAGGED, 0, SIP_ABSENT, TEXT(
	  "SIP/2.0 180 Ringing\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK986f.7e70131ffd33ee235e71cddf1fccbd2c.0, SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-23147-1-0\r\n"
	  "From: sipp <sip:sipp@127.0.0.1:5080>;tag=23147SIPpTag001\r\n"
	  "To: service <sip:service@127.0.0.1:5060>;tag=22830SIPpTag011\r\n"
	  "Call-ID: 1-23147@127.0.0.1\r\n"
	  "CSeq: 1 INVITE\r\n"
	  "Contact: <sip:127.0.0.1:5070;transport=UDP>\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"kamailio 200 to INVITE", SIP_INVITE, 200, "z9hG4bK-23147-1-0", "1-23147@127.0.0.1", 1, SIP_TO_TAGGED, 129, SIP_ABSENT, TEXT(
	  "SIP/2.0 200 OK\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-23147-1-0\r\n"
	  "From: sipp <sip:sipp@127.0.0.1:5080>;tag=23147SIPpTag001\r\n"
	  "To: service <sip:service@127.0.0.1:5060>;tag=22830SIPpTag011\r\n"
	  "Call-ID: 1-23147@127.0.0.1\r\n"
	  "CSeq: 1 INVITE\r\n"
	  "Contact: <sip:127.0.0.1:5070;transport=UDP>\r\n"
	  "Content-Type: application/sdp\r\n"
	  "Content-Length:   129\r\n"
	  "\r\n"
	  "v=0\r\n"
	  "o=user1 53655765 2353687637 IN IP4 127.0.0.1\r\n"
	  "s=-\r\n"
	  "c=IN IP4 127.0.0.1\r\n"
	  "t=0 0\r\n"
	  "m=audio 6000 RTP/AVP 0\r\n"
	  "a=rtpmap:0 PCMU/8000\r\n")},
	{"sipp ACK to a 2xx", SIP_ACK, 0, "z9hG4bK-23147-1-5", "1-23147@127.0.0.1", 1, SIP_TO_TAGGED, 0, SIP_ABSENT, TEXT(
	  "ACK sip:service@127.0.0.1:5060 SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-23147-1-5\r\n"
	  "From: sipp <sip:sipp@127.0.0.1:5080>;tag=23147SIPpTag001\r\n"
	  "To: service <sip:service@127.0.0.1:5060>;tag=22830SIPpTag011\r\n"
	  "Call-ID: 1-23147@127.0.0.1\r\n"
	  "CSeq: 1 ACK\r\n"
	  "Contact: sip:sipp@127.0.0.1:5080\r\n"
	  "Max-Forwards: 70\r\n"
	  "Subject: Performance Test\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"sipp BYE", SIP_BYE, 0, "z9hG4bK-23147-1-7", "1-23147@127.0.0.1", 2, SIP_TO_TAGGED, 0, SIP_ABSENT, TEXT(
	  "BYE sip:service@127.0.0.1:5060 SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-23147-1-7\r\n"
	  "From: sipp <sip:sipp@127.0.0.1:5080>;tag=23147SIPpTag001\r\n"
	  "To: service <sip:service@127.0.0.1:5060>;tag=22830SIPpTag011\r\n"
	  "Call-ID: 1-23147@127.0.0.1\r\n"
	  "CSeq: 2 BYE\r\n"
	  "Contact: sip:sipp@127.0.0.1:5080\r\n"
	  "Max-Forwards: 70\r\n"
	  "Subject: Performance Test\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"sipsak OPTIONS", SIP_OPTIONS, 0, "z9hG4bK.687023b6", "1636722537@127.0.0.1", 1, SIP_TO_BARE, 0, SIP_ABSENT, TEXT(
	  "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:58299;branch=z9hG4bK.687023b6;rport;alias\r\n"
	  "From: sip:sipsak@127.0.0.1:58299;tag=618e6769\r\n"
	  "To: sip:bob@127.0.0.1\r\n"
	  "Call-ID: 1636722537@127.0.0.1\r\n"
	  "CSeq: 1 OPTIONS\r\n"
	  "Contact: sip:sipsak@127.0.0.1:58299\r\n"
	  "Content-Length: 0\r\n"
	  "Max-Forwards: 70\r\n"
	  "User-Agent: sipsak 0.9.8.1\r\n"
	  "Accept: text/plain\r\n"
	  "\r\n")},
	{"sipsak REGISTER", SIP_REGISTER, 0, "z9hG4bK.4d4c8c11", "261844436@127.0.0.1", 1, SIP_TO_BARE, 0, SIP_ABSENT, TEXT(
	  "REGISTER sip:127.0.0.1 SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:44891;branch=z9hG4bK.4d4c8c11;rport;alias\r\n"
	  "From: sip:bob@127.0.0.1;tag=f9b6dd4\r\n"
	  "To: sip:bob@127.0.0.1\r\n"
	  "Call-ID: 261844436@127.0.0.1\r\n"
	  "CSeq: 1 REGISTER\r\n"
	  "Content-Length: 0\r\n"
	  "Max-Forwards: 70\r\n"
	  "User-Agent: sipsak 0.9.8.1\r\n"
	  "Expires: 15\r\n"
	  "Contact: sip:bob@127.0.0.1:5071\r\n"
	  "\r\n")},
	{"kamailio 200 to OPTIONS", SIP_OPTIONS, 200, "z9hG4bK.687023b6", "1636722537@127.0.0.1", 1, SIP_TO_TAGGED, 0, SIP_ABSENT, TEXT(
	  "SIP/2.0 200 OK\r\n"
	  "Via: SIP/2.0/UDP 127.0.0.1:58299;branch=z9hG4bK.687023b6;rport=46202;alias;received=127.0.0.1\r\n"
	  "From: sip:sipsak@127.0.0.1:58299;tag=618e6769\r\n"
	  "To: sip:bob@127.0.0.1;tag=9dd61ff61e802d8e2bef5f14621ef3c2.84e4e661\r\n"
	  "Call-ID: 1636722537@127.0.0.1\r\n"
	  "CSeq: 1 OPTIONS\r\n"
	  "Server: kamailio (5.6.3 (x86_64/linux))\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"baresip REGISTER", SIP_REGISTER, 0, "z9hG4bK50f0eed72dd925dc", "874e274dd8f2b721", 18797, SIP_TO_BARE, 0, SIP_ABSENT, TEXT(
	  "REGISTER sip:192.0.2.10;transport=udp SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 192.0.2.10:5090;branch=z9hG4bK50f0eed72dd925dc;rport\r\n"
	  "Contact: <sip:alice-0x559007d42890@192.0.2.10:5090>;expires=60\r\n"
	  "Max-Forwards: 70\r\n"
	  "To: <sip:alice@192.0.2.10>\r\n"
	  "From: <sip:alice@192.0.2.10>;tag=5bd42c7cc26fcb55\r\n"
	  "Call-ID: 874e274dd8f2b721\r\n"
	  "CSeq: 18797 REGISTER\r\n"
	  "User-Agent: baresip v1.0.0 (x86_64/linux)\r\n"
	  "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,REFER\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"baresip REGISTER over TCP", SIP_REGISTER, 0, "z9hG4bKa68cf6e417fcd40b", "42607fdcfde6858f", 31340, SIP_TO_BARE, 0, SIP_ABSENT, TEXT(
	  "REGISTER sip:192.0.2.10;transport=tcp SIP/2.0\r\n"
	  "Via: SIP/2.0/TCP 192.0.2.10:5090;branch=z9hG4bKa68cf6e417fcd40b;rport\r\n"
	  "Contact: <sip:busy-0x559007d44580@192.0.2.10:5090;transport=tcp>;expires=60\r\n"
	  "Max-Forwards: 70\r\n"
	  "To: <sip:busy@192.0.2.10>\r\n"
	  "From: <sip:busy@192.0.2.10>;tag=56b52f2bb8ba88f6\r\n"
	  "Call-ID: 42607fdcfde6858f\r\n"
	  "CSeq: 31340 REGISTER\r\n"
	  "User-Agent: baresip v1.0.0 (x86_64/linux)\r\n"
	  "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,REFER\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"kamailio 503 with Retry-After", SIP_REGISTER, 503, "z9hG4bKa68cf6e417fcd40b", "42607fdcfde6858f", 31340, SIP_TO_TAGGED, 0, 17, TEXT(
	  "SIP/2.0 503 Service Unavailable\r\n"
	  "Via: SIP/2.0/TCP 192.0.2.10:5090;branch=z9hG4bKa68cf6e417fcd40b;rport=59332;received=192.0.2.10\r\n"
	  "To: <sip:busy@192.0.2.10>;tag=8068789c6f489f848d68f11e81141125.38f1b047\r\n"
	  "From: <sip:busy@192.0.2.10>;tag=56b52f2bb8ba88f6\r\n"
	  "Call-ID: 42607fdcfde6858f\r\n"
	  "CSeq: 31340 REGISTER\r\n"
	  "Retry-After: 17 (maintenance);duration=60\r\n"
	  "Server: kamailio (5.6.3 (x86_64/linux))\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
	{"linphonec REGISTER, no Content-Length", SIP_REGISTER, 0, "z9hG4bK.qmtGxnLvT", "VA04uMmfrk", 20, SIP_TO_BARE, SIP_ABSENT, SIP_ABSENT, TEXT(
	  "REGISTER sip:192.0.2.10 SIP/2.0\r\n"
	  "Via: SIP/2.0/UDP 192.0.2.10:5095;branch=z9hG4bK.qmtGxnLvT;rport\r\n"
	  "From: <sip:bob@192.0.2.10>;tag=Gc7va5999\r\n"
	  "To: sip:bob@192.0.2.10\r\n"
	  "CSeq: 20 REGISTER\r\n"
	  "Call-ID: VA04uMmfrk\r\n"
	  "Max-Forwards: 70\r\n"
	  "Supported: replaces, outbound, gruu\r\n"
	  "Accept: application/sdp\r\n"
	  "Accept: text/plain\r\n"
	  "Accept: application/vnd.gsma.rcs-ft-http+xml\r\n"
	  "Contact: <sip:bob@192.0.2.10:5095;transport=udp>;+sip.instance=\"<urn:uuid:6a2464d5-3634-0063-9941-13e85cf1613d>\"\r\n"
	  "Expires: 60\r\n"
	  "User-Agent: Linphonec/5.1.65\r\n"
	  "\r\n")},
	{"kamailio 200 to linphonec", SIP_REGISTER, 200, "z9hG4bK.qmtGxnLvT", "VA04uMmfrk", 20, SIP_TO_TAGGED, 0, SIP_ABSENT, TEXT(
	  "SIP/2.0 200 OK\r\n"
	  "Via: SIP/2.0/UDP 192.0.2.10:5095;branch=z9hG4bK.qmtGxnLvT;rport=5095;received=192.0.2.10\r\n"
	  "From: <sip:bob@192.0.2.10>;tag=Gc7va5999\r\n"
	  "To: sip:bob@192.0.2.10;tag=8068789c6f489f848d68f11e81141125.8082d080\r\n"
	  "CSeq: 20 REGISTER\r\n"
	  "Call-ID: VA04uMmfrk\r\n"
	  "Contact: <sip:alice@127.0.0.1>;expires=60\r\n"
	  "Server: kamailio (5.6.3 (x86_64/linux))\r\n"
	  "Content-Length: 0\r\n"
	  "\r\n")},
};

#endif
