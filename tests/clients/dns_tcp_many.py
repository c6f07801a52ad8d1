"""Asks for the A records of a name over so many connections, all before it reads an answer: dns_tcp_many.py SERVER NAME COUNT

Prints the first address of each answer, a line each. RFC 1035 section 4; the answers have A records alone.
"""
import socket
import struct
import sys

server, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
question = labels + b"\0" + struct.pack("!HH", 1, 1)
connections = []
for i in range(count):
    connections.append(socket.create_connection((server, 53)))
    query = struct.pack("!HHHHHH", i, 0x0100, 1, 0, 0, 0) + question
    connections[i].sendall(struct.pack("!H", len(query)) + query)
for c in connections:
    (length,) = struct.unpack("!H", c.recv(2, socket.MSG_WAITALL))
    answer = c.recv(length, socket.MSG_WAITALL)
    first = 12 + len(question) + 12                # a header and a question, then a pointer, type, class, TTL, length
    print(socket.inet_ntoa(answer[first:first + 4]))
