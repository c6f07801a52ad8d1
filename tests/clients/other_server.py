#!/usr/bin/python3
"""A resolver that asks 127.0.0.99 for an A record and is answered from ADDR, with the right id and question.

    other_server.py NAME ADDR CALL       CALL: recvfrom, recv, read or recvmsg
"""
import os
import socket
import struct
import sys

name, answerer, call = sys.argv[1:]
servers = {}
for address in ("127.0.0.99", "127.0.0.67"):
    servers[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    servers[address].bind((address, 53))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("127.0.0.1", 0))

labels = b"".join(bytes([len(x)]) + x.encode("ascii") for x in name.split(".")) + b"\0"
query = struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!HH", 1, 1)
client.sendto(query, ("127.0.0.99", 53))
asked, peer = servers["127.0.0.99"].recvfrom(512)
records = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 60, 4, socket.inet_aton("127.0.0.66"))
servers[answerer].sendto(asked[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + asked[12:] + records, peer)
if call == "recvfrom":
    answer = client.recvfrom(512)[0]
elif call == "recv":
    answer = client.recv(512)
elif call == "read":
    answer = os.read(client.fileno(), 512)
else:
    answer = client.recvmsg(512)[0]
print(socket.inet_ntoa(answer[-4:]))
