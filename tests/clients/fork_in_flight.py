#!/usr/bin/python3
"""Forks while a TCP connect is in flight; the child closes it, gets its number for a UDP socket, and sends SIP there.

    fork_in_flight.py NAME ADDR      looks NAME up, sends to ADDR, and waits for the answer
"""
import os
import socket
import sys

name, address = sys.argv[1:]
socket.getaddrinfo(name, 5060, socket.AF_INET)
flight = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
flight.setblocking(False)
flight.connect_ex((address, 5060))
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
number = flight.fileno()
flight.close()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if udp.fileno() != number:
    sys.exit("another number: %d, not %d" % (udp.fileno(), number))
udp.settimeout(60)
udp.sendto(b"OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKforked\r\nMax-Forwards: 70\r\n"
           b"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: forked\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
           % name.encode("ascii"), (address, 5060))
udp.recvfrom(4096)
