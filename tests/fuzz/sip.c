/*
 * sip.c: fuzz target of the SIP parser and the stream scanner.
 *
 * The oracle: a stream gives the same messages in one piece, in any pieces, and by
 * sip_parse from message to message; what is known of the first bytes of a message
 * does not contradict the whole. The input is the stream; the pieces are drawn from
 * its hash. With libFuzzer (clang -fsanitize=fuzzer,address,undefined
 * -DFUZZ_LIBFUZZER); without it main() replays the files it is given.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policy/wire/sip-hop.h"
#include "tests/unit/siplab.h"

#define CORPUS "tests/fuzz/corpus/sip"
#include "tests/fuzz/replay.h"

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "violated: %s\n", what);
	abort();
}

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* A prefix says what the whole says, or less. Content-Length: a second one may spoil it. */
static void check_prefix(const char *p, size_t len, const struct sip_message *whole)
{
	struct sip_message m;
	if (!sip_parse_copy(p, len, &m))
		return;
	require(m.status == whole->status, "prefix: status");
	require(m.method == SIP_NONE || m.method == whole->method, "prefix: method");
	require(!m.branch || m.branch == whole->branch, "prefix: branch");
	require(!m.call_id || m.call_id == whole->call_id, "prefix: Call-ID");
	require(m.cseq < 0 || m.cseq == whole->cseq, "prefix: CSeq");
	require(m.to == SIP_TO_UNKNOWN || m.to == whole->to, "prefix: To");
	require(m.retry_after < 0 || m.retry_after == whole->retry_after, "prefix: Retry-After");
	require(m.content_length < 0 || m.content_length == whole->content_length || whole->content_length == SIP_BAD,
		"prefix: Content-Length");
	require(!m.whole_header || sip_same(&m, whole), "prefix: whole header");
}

/* The bounds that sip-message.h promises. */
static void check_sense(const struct sip_message *m, size_t size)
{
	require(m->status == 0 || (m->status >= 100 && m->status <= 699), "status");
	require(m->method < SIP_METHOD_COUNT && (m->status || m->method != SIP_NONE), "method");
	require(m->to <= SIP_TO_TAGGED, "To");
	require((m->branch != 0) == (m->branch_length != 0) && m->branch_length <= SIP_LINE_MAX, "branch");
	require(m->cseq >= SIP_BAD && m->cseq <= INT32_MAX, "CSeq");
	require(m->header_length <= size && m->header_length <= SIP_HEADER_MAX, "header length");
	require(m->whole_header == (m->header_length >= SIP_SHORTEST), "whole header");
}

static void check_datagram(const char *p, size_t size, uint64_t seed)
{
	struct sip_message m;
	require(sip_datagram_same(p, size), "datagram: as by sip_parse");
	if (!sip_parse_copy(p, size, &m))
		return;
	check_sense(&m, size);
	for (int i = 0; i < 8; i++)
		check_prefix(p, draw(&seed) % (size + 1), &m);
}

/* A copy without a byte to spare, so that a sanitizer sees what is read beside it. What the first bytes say stays so. */
static void check_hop(const char *p, size_t size, uint64_t seed)
{
	struct endpoint whole, part;
	const size_t len = draw(&seed) % (size + 1);
	char *copy = malloc(size ? size : 1), *short_copy = malloc(len ? len : 1);
	memcpy(copy, p, size);
	memcpy(short_copy, p, len);
	const bool known = hop_number(copy, size, &whole), early = hop_number(short_copy, len, &part);
	require(!known || (address_family(&whole.addr) <= FAMILY_V6 && whole.addr.scope == 0), "hop: an address");
	require(!early || !known || (address_equal(&part.addr, &whole.addr) && part.port == whole.port), "hop: a prefix");
	require(!known || (hop_is(copy, size, &whole) == (whole.port != 0)), "hop: its own");
	free(copy);
	free(short_copy);
}

static void check_stream(const char *p, size_t size, uint64_t seed)
{
	struct sip_list walked = {0}, whole = {0};
	sip_walk(p, size, &walked);
	sip_stream_pieces(p, size, size, 1, &whole);
	require(sip_list_same(&walked, &whole), "stream: as by sip_parse");
	for (int i = 0; i < 6; i++) {
		struct sip_list list = {0};
		const size_t step = i == 0 ? 1 : 1 + draw(&seed) % (size + 1);
		sip_stream_pieces(p, size, draw(&seed) % (size + 1), step, &list);
		require(sip_list_same(&whole, &list), "stream: in pieces");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t seed = size;
	for (size_t i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 0x100000001b3u;
	check_datagram((const char *)data, size, seed);
	check_stream((const char *)data, size, seed);
	check_hop((const char *)data, size, seed);
	return 0;
}
