#!/usr/bin/python3
"""A DNS server for one name, on UDP, for answers that no real server gives without trouble.

usage: dns.py ADDR PORT NAME SHOW STEP ADDRESS...

The n-th A answer holds SHOW of the addresses, beginning at the (n * STEP)-th of them and going round:
SHOW 8 and STEP 8 show 8 of 40 at a time, STEP 0 is a fixed order. AAAA gets NODATA, other names
NXDOMAIN. RFC 1035 section 4; the question is echoed and the answers point back to it.
"""
import socket
import struct
import sys

A, TTL = 1, 5
NOERROR, NXDOMAIN = 0, 3


def question(query):
    """The name asked for, its type, and where the question section ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    (kind,) = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels).lower(), kind, at + 5


def answer(query, end, code, addresses):
    """Authoritative, recursion available, with one A record for each address."""
    flags = 0x8580 | (query[2] & 1) << 8 | code
    header = query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0)
    records = [struct.pack("!HHHIH", 0xC00C, A, 1, TTL, 4) + socket.inet_aton(a) for a in addresses]
    return header + query[12:end] + b"".join(records)


def main():
    bind, port, name, show, step = sys.argv[1:6]
    pool, show, step, turn = sys.argv[6:], int(show), int(step), 0
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((bind, int(port)))
    while True:
        query, peer = sock.recvfrom(4096)
        try:
            asked, kind, end = question(query)
        except (IndexError, struct.error, UnicodeDecodeError):
            continue
        shown = []
        if asked == name and kind == A:
            start = turn * step
            shown = [pool[(start + i) % len(pool)] for i in range(show)]
            turn += 1
        sock.sendto(answer(query, end, NOERROR if asked == name else NXDOMAIN, shown), peer)


main()
