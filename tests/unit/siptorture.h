/*
 * siptorture.h: messages after RFC 4475 (the sections given), and a few of ours.
 *
 * Written from the RFC's descriptions, bodies cut down; what is read from them is
 * what sip-message.h promises, which is less than a validating parser would say.
 */
#ifndef STICKYDNS_SIPTORTURE_H
#define STICKYDNS_SIPTORTURE_H

#include "tests/unit/siplab.h"

#define NO SIP_ABSENT
#define REST "Max-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=1\r\n"
#define TEN(s) s s s s s s s s s s

static const struct sip_row sip_torture[] = {
	{"3.1.1.1 wsinv", SIP_INVITE, 0, "390skdjuw", "wsinv.ndaksdj@192.0.2.1", 9, SIP_TO_TAGGED, 150, NO, TEXT(
	 "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
	 "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
	 "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n"
	 "MaX-fOrWaRdS: 0068\r\n"
	 "Call-ID: wsinv.ndaksdj@192.0.2.1\r\n"
	 "Content-Length   : 150\r\n"
	 "cseq: 0009\r\n  INVITE\r\n"
	 "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n"
	 "s :\r\n"
	 "NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
	 "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
	 "Content-Type: application/sdp\r\n"
	 "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
	 "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
	 " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
	 "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n"
	 "  secondparam ; q = 0.33\r\n\r\nv=0\r\n")},
	{"3.1.1.1 its second Via first", SIP_INVITE, 0, "z9hG4bK9ikj8", "x", 9, SIP_TO_BARE, NO, NO, TEXT(
	 "INVITE sip:a@example.com SIP/2.0\r\n"
	 "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
	 " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
	 "t\t: a <sip:a@example.com;tag=no>\r\ni: x\r\nCSeq: 9\tINVITE\r\n\r\n")},
	{"3.1.1.2 intmeth", SIP_OTHER, 0, "z9hG4bK-.!%66*_+`'~", "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{", 139122385,
	 SIP_TO_BARE, 0, NO, TEXT(
	 "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,"
	 "weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\r\n"
	 "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n"
	 "To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7F ;tag=x\" <sip:1_unusual.URI~@example.com;tag=y>\r\n"
	 "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com> ;fromParam''~+*_!.-%=\"\xD1\x80\";tag=_token~1'\r\n"
	 "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
	 "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\n"
	 "extensionHeader-!.%*+_`'~:  \xEF\xBB\xBF\xE5\xA4\xA7\r\nContent-Length: 0\r\n\r\n")},
	{"3.1.1.3 esc01", SIP_INVITE, 0, "z9hG4bKkdjuw", "esc01.239409asdfakjkn23onasd0-3234", 234234, SIP_TO_BARE, 150, NO,
	 TEXT("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\r\nTo: sip:%75se%72@example.com\r\n"
	 "From: <sip:I%20have%20spaces@example.net>;tag=938\r\nMax-Forwards: 87\r\n"
	 "i: esc01.239409asdfakjkn23onasd0-3234\r\nCSeq: 234234 INVITE\r\n"
	 "Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\r\nC: application/sdp\r\nContent-Length: 150\r\n\r\n")},
	{"3.1.1.4 escnull", SIP_REGISTER, 0, "z9hG4bK-a", "escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd", 14398234, SIP_TO_BARE,
	 0, NO, TEXT("REGISTER sip:example.com SIP/2.0\r\nTo: sip:null-%00-null@example.com\r\n" REST
	 "Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\r\nCSeq: 14398234 REGISTER\r\n"
	 "Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-a\r\nL:0\r\n\r\n")},
	{"3.1.1.5 esc02", SIP_OTHER, 0, "z9hG4bK209%fzsnel234", "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf", 29344,
	 SIP_TO_BARE, 0, NO, TEXT("RE%47IST%45R sip:registrar.example.com SIP/2.0\r\nTo: \"%Z%45\" <sip:resource@example.com>\r\n"
	 REST "Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\r\nCSeq: 29344 RE%47IST%45R\r\n"
	 "Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\r\nl: 0\r\n\r\n")},
	{"3.1.1.6 lwsdisp", SIP_OPTIONS, 0, "z9hG4bKkdjuw", "lwsdisp.1234abcd@funky.example.com", 60, SIP_TO_BARE, 0, NO, TEXT(
	 "OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:user@example.com\r\nFrom: caller<sip:caller@example.com>;tag=323\r\n"
	 "Call-ID: lwsdisp.1234abcd@funky.example.com\r\nCSeq: 60 OPTIONS\r\n"
	 "Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw\r\nl: 0\r\n\r\n")},
	{"3.1.1.7 longreq", SIP_INVITE, 0, "z9hG4bK1", "longreq.one" TEN("really") "longcallid", 3882340, SIP_TO_BARE, 150, NO, TEXT(
	 "INVITE sip:user@example.com SIP/2.0\r\nTo: \"I have a user name of " TEN("extreme") " proportion\"<sip:user@example.com:6000;"
	 "unknownparam1=" TEN("very") "longvalue;" TEN("longparam") "name=shortvalue;" TEN("very") "ParameterNameWithNoValue>\r\n"
	 "F: sip:" TEN("amazinglylongcallername") "@example.net;tag=12" TEN("982982") "424\r\n"
	 "Call-ID: longreq.one" TEN("really") "longcallid\r\nCSeq: 3882340 INVITE\r\n"
	 "Unknown-" TEN("Long") "-Name: unknown-" TEN("long") "-value\r\n"
	 "Via: SIP/2.0/TCP sip33.example.com;" TEN("x=1;") "branch=z9hG4bK1," TEN(TEN("SIP/2.0/TCP h;branch=z9hG4bK2,")) "SIP/2.0/UDP h\r\n"
	 "l: 150\r\n\r\n")},
	{"3.1.1.8 dblreq, its first", SIP_REGISTER, 0, "z9hG4bKkdjuw23492", "dblreq.0ha0isndaksdj99sdfafnl3lk233412", 8, SIP_TO_BARE,
	 0, NO, TEXT("REGISTER sip:example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\nFrom: sip:j.user@example.com;tag=43251j3j324\r\n"
	 "Max-Forwards: 8\r\nI: dblreq.0ha0isndaksdj99sdfafnl3lk233412\r\nContact: sip:j.user@host.example.com\r\nCSeq: 8 REGISTER\r\n"
	 "Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492\r\nContent-Length: 0\r\n\r\n\r\n"
	 "INVITE sip:joe@example.com SIP/2.0\r\nt: sip:joe@example.com\r\nCSeq: 8 INVITE\r\n\r\n")},
	{"3.1.1.9 semiuri", SIP_OPTIONS, 0, "z9hG4bKkdjuw", "semiuri.0ha0isndaksdj", 8, SIP_TO_BARE, 0, NO, TEXT(
	 "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\r\nTo: sip:j_user@example.com\r\n" REST
	 "Call-ID: semiuri.0ha0isndaksdj\r\nCSeq: 8 OPTIONS\r\nl: 0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\r\n\r\n")},
	{"3.1.1.10 transports", SIP_OPTIONS, 0, "z9hG4bKkdjuw", "transports.kijh4akdnaqjkwendsasfdj", 60, SIP_TO_BARE, 0, NO, TEXT(
	 "OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:user@example.com\r\n" REST
	 "Call-ID: transports.kijh4akdnaqjkwendsasfdj\r\nCSeq: 60 OPTIONS\r\n"
	 "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\r\nVia: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\r\n"
	 "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\r\nl: 0\r\n\r\n")},
	{"3.1.1.12 unreason", SIP_INVITE, 200, "z9hG4bK1324923", "unreason.1234ksdfak3j2erwedfsASdf", 35, SIP_TO_TAGGED, 154, NO, TEXT(
	 "SIP/2.0 200 = 2**3 * 5**2 \xD0\xBD\xD0\xBE\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
	 "Call-ID: unreason.1234ksdfak3j2erwedfsASdf\r\nCSeq: 35 INVITE\r\nTo: sip:user@example.edu;tag=2229\r\n"
	 "Content-Length: 154\r\n\r\n")},
	{"3.1.1.13 noreason", SIP_INVITE, 100, "z9hG4bK-c", "noreason.asndj203insdf99223ndf", 35, SIP_TO_BARE, 0, NO, TEXT(
	 "SIP/2.0 100 \r\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK-c\r\nCall-ID: noreason.asndj203insdf99223ndf\r\n"
	 "CSeq: 35 INVITE\r\nTo: <sip:user@example.edu>\r\nContent-Length: 0\r\n\r\n")},
	{"3.1.2.1 badinv01, whose first Via ends at a comma", SIP_INVITE, 0, NULL, "badinv01.0ha0isndaksdjasdf3234nas", 8, SIP_TO_BARE, 152, NO, TEXT(
	 "INVITE sip:user@example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\nFrom: sip:caller@example.net;tag=134161461246\r\n"
	 "Call-ID: badinv01.0ha0isndaksdjasdf3234nas\r\nCSeq: 8 INVITE\r\n"
	 "Via: SIP/2.0/UDP 192.0.2.15;;,;,,;branch=z9hG4bKkdjuw\r\nContact: \"Joe\" <sip:joe@example.org>;;;;\r\n"
	 "Content-Length: 152\r\n\r\n")},
	{"3.1.2.3 ncl", SIP_INVITE, 0, "z9hG4bKkdjuw", "ncl.0ha0isndaksdj2193423r542w35", 10, SIP_TO_BARE, SIP_BAD, NO, TEXT(
	 "INVITE sip:user@example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\nCall-ID: ncl.0ha0isndaksdj2193423r542w35\r\n"
	 "CSeq: 10 INVITE\r\nVia: SIP/2.0/UDP 192.0.2.53;branch=z9hG4bKkdjuw\r\nContent-Length: -999\r\n\r\n")},
	{"3.1.2.4 scalar02", SIP_REGISTER, 0, "z9hG4bK342sdfoi3", "scalar02.23o0pd9vanlq3wnrlnewofjas9ui32", SIP_BAD, SIP_TO_BARE,
	 0, NO, TEXT("REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/TCP host129.example.com;branch=z9hG4bK342sdfoi3\r\n"
	 "To: <sip:user@example.com>\r\nCSeq: 36893488147419103232 REGISTER\r\n"
	 "Call-ID: scalar02.23o0pd9vanlq3wnrlnewofjas9ui32\r\nl: 0\r\n\r\n")},
	{"3.1.2.5 scalarlg", SIP_NONE, 503, "z9hG4bKzzxdiwo34sw", "scalarlg.noase0of0234hn2qofoaf0232aewf2394r", SIP_BAD,
	 SIP_TO_BARE, 0, 4294967295, TEXT("SIP/2.0 503 Service Unavailable\r\n"
	 "Via: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\r\nTo: <sip:user@example.com>\r\n"
	 "From: <sip:other@example.net>;tag=2easdjfejw\r\nCSeq: 9292394834772304023312 OPTIONS\r\n"
	 "Call-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r\r\nRetry-After: 949302838503028349304023988\r\nl: 0\r\n\r\n")},
	{"3.1.2.6 quotbal", SIP_INVITE, 0, "z9hG4bKkdjuw", "quotbal.aksdj", 8, SIP_TO_UNKNOWN, 152, NO, TEXT(
	 "INVITE sip:user@example.com SIP/2.0\r\nTo: \"Mr. J. User <sip:j.user@example.com>\r\n" REST
	 "Call-ID: quotbal.aksdj\r\nCSeq: 8 INVITE\r\nVia: SIP/2.0/UDP 192.0.2.59:5050;branch=z9hG4bKkdjuw\r\nContent-Length: 152\r\n\r\n")},
	{"3.1.2.7 ltgtruri", SIP_INVITE, 0, "z9hG4bKkdjuw", "ltgtruri.1@192.0.2.5", 1, SIP_TO_BARE, 159, NO, TEXT(
	 "INVITE <sip:user@example.com> SIP/2.0\r\nTo: sip:user@example.com\r\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKkdjuw\r\n"
	 "Call-ID: ltgtruri.1@192.0.2.5\r\nCSeq: 1 INVITE\r\nContent-Length: 159\r\n\r\n")},
	{"3.1.2.8 lwsruri", SIP_INVITE, 0, "z9hG4bKkdjuw", "l", 130706, SIP_TO_BARE, 159, NO, TEXT(
	 "INVITE sip:user@example.com; lr SIP/2.0\r\nTo: sip:user@example.com\r\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bKkdjuw\r\n"
	 "Call-ID: l\r\nCSeq: 130706 INVITE\r\nContent-Length: 159\r\n\r\n")},
	{"3.1.2.10 trws", SIP_OPTIONS, 0, "z9hG4bK299342093", "trws.oicu34958239neffasdhr2345r", 238923, SIP_TO_BARE, NO, NO, TEXT(
	 "OPTIONS sip:remote-target@example.com SIP/2.0  \r\nVia: SIP/2.0/TCP host1.example.com;branch=z9hG4bK299342093\r\n"
	 "To: <sip:remote-target@example.com>\r\nCall-ID: trws.oicu34958239neffasdhr2345r\r\nCSeq: 238923 OPTIONS\r\n\r\n")},
	{"3.1.2.17 mismatch01", SIP_OPTIONS, 0, "z9hG4bKkdjuw", "mismatch01.dj0234sxdfl3", 8, SIP_TO_BARE, 0, NO, TEXT(
	 "OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\nCall-ID: mismatch01.dj0234sxdfl3\r\nCSeq: 8 INVITE\r\n"
	 "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bKkdjuw\r\nl: 0\r\n\r\n")},
	{"3.2.1 badbranch", SIP_OPTIONS, 0, "z9hG4bK", "badbranch.sadonfo23i420jv0as0derf3j3n", 8, SIP_TO_BARE, 0, NO, TEXT(
	 "OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:user@example.com\r\nCSeq: 8 OPTIONS\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n"
	 "Call-ID: badbranch.sadonfo23i420jv0as0derf3j3n\r\nl: 0\r\n\r\n")},
	{"3.3.1 insuf", SIP_INVITE, 0, "z9hG4bKkdj.insuf", NULL, 193942, SIP_TO_UNKNOWN, 152, NO, TEXT(
	 "INVITE sip:user@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\n"
	 "Content-Type: application/sdp\r\nl: 152\r\n\r\n")},
	{"3.3.8 multi01", SIP_INVITE, 0, "z9hG4bKkdj.multi01", "multi01.98asdh@192.0.2.1", 5, SIP_TO_BARE, SIP_BAD, NO, TEXT(
	 "INVITE sip:user@company.com SIP/2.0\r\nContact: <sip:caller@host25.example.net>\r\n"
	 "Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdj.multi01\r\nMax-Forwards: 70\r\nCSeq: 5 INVITE\r\nCall-ID: multi01.98asdh@192.0.2.1\r\n"
	 "CSeq: 59 INVITE\r\nCall-ID: multi01.98asdh@192.0.2.2\r\nTo: sip:user@example.com\r\nTo: sip:other@example.net;tag=1\r\n"
	 "Content-Length: 154\r\nl: 155\r\n\r\n")},
	{"3.3.9 mcl01", SIP_OPTIONS, 0, "z9hG4bK-f", "mcl01.fhn2323orihawfdoa3o4r52o3irsdf", 15932, SIP_TO_BARE, SIP_BAD, NO, TEXT(
	 "OPTIONS sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/UDP host5.example.net;branch=z9hG4bK-f\r\nTo: sip:user@example.com\r\n"
	 "Call-ID: mcl01.fhn2323orihawfdoa3o4r52o3irsdf\r\nCSeq: 15932 OPTIONS\r\nContent-Length: 13\r\nContent-Length: 5\r\n\r\n")},
	{"3.4.1 inv2543, no branch", SIP_INVITE, 0, NULL, "inv2543.1717@ift.client.example.com", 56, SIP_TO_BARE, 0, NO, TEXT(
	 "INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKnot-ours\r\n"
	 "To: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@ift.client.example.com\r\nCSeq: 56 INVITE\r\n"
	 "Content-Length: 0\r\n\r\n")},
	{"ours: quoted ;, in a Via parameter", SIP_BYE, 0, "z9hG4bKq", "q", 0, SIP_TO_TAGGED, 2, NO, TEXT(
	 "BYE sip:a SIP/2.0\nVIA:SIP/2.0/UDP [2001:db8::1]:5060;x=\"a;branch=z9hG4bKno,\\\"b\";BRANCH=z9hG4bKq;rport\nT:\"\"<sip:a>;Tag=1\n"
	 "CALL-ID:q\nCSEQ:0 BYE\nL:2\nl:2\n\nhi")},
	{"ours: Retry-After with comment", SIP_REGISTER, 503, "z9hG4bKr", "r", 2147483647, SIP_TO_UNKNOWN, NO, 120, TEXT(
	 "SIP/2.0 503\r\nVia: SIP/2.0/TLS a;branch=z9hG4bKr\r\nCSeq: 2147483647 REGISTER\r\ni: r\r\nTo: <sip:a\r\n"
	 "Retry-After: 120(in a meeting)\r\n\r\n")},
	{"ours: Retry-After by date", SIP_NONE, 503, NULL, NULL, SIP_BAD, SIP_TO_BARE, NO, SIP_BAD, TEXT(
	 "SIP/2.0 503 x\r\nVia: SIP/2.0/UDP a;branch=\r\nCSeq: 2147483648 REGISTER\r\nCSeq: 1 REGISTER\r\nTo: <sip:a>;tagged=1;x=tag\r\n"
	 "Retry-After: Mon, 21 Jul 1997 18:48:34 GMT\r\n\r\n")},
};

/* What is no SIP/2.0 message. */
static const struct sip_refused {
	const char *name, *text;
	size_t len;
} sip_refused[] = {
	{"nothing", TEXT("")},
	{"keep-alive", TEXT("\r\n\r\n")},
	{"more behind the version", TEXT("INVITE  \r\n sip:user@example.com SIP/2.0 x\r\n\r\n")},
	{"3.1.2.16 badvers", TEXT("OPTIONS sip:t@example.com SIP/7.0\r\nVia: SIP/7.0/UDP c;branch=z9hG4bKkdjuw\r\n\r\n")},
	{"3.1.2.19 bigcode", TEXT("SIP/2.0 4294967301 better not break the receiver\r\n\r\n")},
	{"status 99", TEXT("SIP/2.0 099 x\r\n\r\n\r\n")},
	{"status 700", TEXT("SIP/2.0 700 x\r\n\r\n\r\n")},
	{"HTTP", TEXT("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")},
	{"RTSP", TEXT("OPTIONS rtsp://example.com RTSP/1.0\r\nCSeq: 1\r\n\r\n")},
	{"HTTP answer", TEXT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")},
	{"no URI", TEXT("OPTIONS SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n")},
	{"blank first", TEXT(" OPTIONS sip:a SIP/2.0\r\n\r\n")},
	{"binary", TEXT("\x80\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e")},
};

#undef NO
#undef REST

#endif
