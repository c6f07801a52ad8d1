#!/usr/bin/python3
"""Watches the loopback interface for refusals by SIP servers on PORT to PORT + 9: TCP resets that answer a SYN (their
sequence number is 0, RFC 9293 3.10.7.1), and ICMP port unreachable (RFC 792) for datagrams. Prints a line for each:
seconds, by the kernel's clock when it passed, and the address and port that refused.

usage: refusals.py PORT
"""
import socket
import struct
import sys

ETH_P_IP, ICMP, TCP, RST = 0x0800, 1, 6, 0x04
SO_TIMESTAMPNS = 35    # packet(7), socket(7): seconds and nanoseconds as ancillary data
PORT_UNREACHABLE = b"\x03\x03"


def refused(packet):
    """Who refuses with this IPv4 packet: (address, port), or None."""
    here = (packet[0] & 15) * 4
    if packet[9] == TCP and packet[here + 13] & RST and packet[here + 4:here + 8] == bytes(4):
        return packet[12:16], struct.unpack_from("!H", packet, here)[0]
    if packet[9] == ICMP and packet[here:here + 2] == PORT_UNREACHABLE:
        inner = packet[here + 8:]
        return inner[16:20], struct.unpack_from("!H", inner, (inner[0] & 15) * 4 + 2)[0]
    return None


def main():
    first = int(sys.argv[1])
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.bind(("lo", ETH_P_IP))
    print("watching", flush=True)
    while True:
        packet, stamp, _, (_, _, kind, _, _) = sock.recvmsg(128, 64)
        who = refused(packet) if kind != socket.PACKET_OUTGOING else None
        if who and first <= who[1] < first + 10:
            seconds, nanoseconds = struct.unpack("ll", stamp[0][2])
            print("%d.%06d %s:%d" % (seconds, nanoseconds // 1000, socket.inet_ntoa(who[0]), who[1]), flush=True)


main()
