#!/usr/bin/python3
"""Watches the loopback interface for refusals by SIP servers on PORT to PORT + 9: TCP resets that answer a SYN (their
sequence number is 0, RFC 9293 3.10.7.1), and ICMP port unreachable (RFC 792) for datagrams. Prints a line for each: seconds, and the address and port that refused.

usage: refusals.py PORT
"""
import socket
import struct
import sys
import time

ETH_P_IP, ICMP, TCP, RST = 0x0800, 1, 6, 0x04
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
    sock.bind(("lo", ETH_P_IP))
    print("watching", flush=True)
    while True:
        packet, (_, _, kind, _, _) = sock.recvfrom(128)
        who = refused(packet) if kind != socket.PACKET_OUTGOING else None
        if who and first <= who[1] < first + 10:
            print("%.6f %s:%d" % (time.time(), socket.inet_ntoa(who[0]), who[1]), flush=True)


main()
