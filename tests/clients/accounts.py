#!/usr/bin/python3 -I
"""Registers several accounts over UDP at once, again and again, as a phone with several lines does.

    accounts.py HOST ACCOUNTS ROUNDS

Each round sends a REGISTER for each account and waits for all answers; then it pauses for longer than a request is
sent again. Prints how many of how many were answered.
"""
import re
import socket
import sys
import time

host, accounts, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
address = socket.getaddrinfo(host, 5060, socket.AF_INET, socket.SOCK_DGRAM)[0][4]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
s.settimeout(60)
port, answered = s.getsockname()[1], 0
for turn in range(rounds):
    waiting = set()
    for n in range(accounts):
        call = f"{turn}-{n}-{port}"
        waiting.add(call)
        s.sendto((f"REGISTER sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{call}\r\n"
                  f"Max-Forwards: 70\r\nFrom: <sip:u{n}@{host}>;tag=a{call}\r\nTo: <sip:u{n}@{host}>\r\n"
                  f"Call-ID: {call}\r\nCSeq: 1 REGISTER\r\nContact: <sip:u{n}@127.0.0.1:{port}>\r\n"
                  "Expires: 60\r\nContent-Length: 0\r\n\r\n").encode(), address)
    while waiting:
        answer = s.recvfrom(4096)[0].decode()
        call = re.search(r"(?im)^(?:Call-ID|i): *(\S+)", answer).group(1)
        if answer.startswith("SIP/2.0 200") and call in waiting:
            waiting.remove(call)
            answered += 1
    time.sleep(1.5)
print(answered, "of", accounts * rounds)
