#!/usr/bin/python3
"""Watches the loopback interface for TCP resets from port PORT or higher up to PORT + 9 (SIP servers), and prints a
line for each: seconds, and the address and port that refused.

usage: refusals.py PORT
"""
import socket
import struct
import sys
import time

ETH_P_IP, TCP, RST = 0x0800, 6, 0x04

first = int(sys.argv[1])
sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
sock.bind(("lo", ETH_P_IP))
print("watching", flush=True)
while True:
    packet, (_, _, kind, _, _) = sock.recvfrom(128)
    header = (packet[0] & 15) * 4
    if kind == socket.PACKET_OUTGOING or packet[9] != TCP or len(packet) < header + 20:
        continue
    port, flags = struct.unpack_from("!H", packet, header)[0], packet[header + 13]
    if flags & RST and first <= port < first + 10:
        print("%.6f %s:%d" % (time.time(), socket.inet_ntoa(packet[12:16]), port), flush=True)
