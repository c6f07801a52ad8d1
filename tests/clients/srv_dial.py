"""As RFC 2782 says: asks for the service, takes the record of the lowest priority, looks its target up, connects.

usage: srv_dial.py SERVICE

Prints TARGET:PORT and "connected" or what went wrong. Asks 127.0.0.54 over UDP with a packet of its own.
"""
import socket
import struct
import sys

SRV, TTL_AND_LENGTH = 33, 6


def name_at(msg, at):
    """The name there, and the offset behind it."""
    labels, end = [], None
    while msg[at]:
        if msg[at] >= 0xC0:
            end = end or at + 2
            at = (msg[at] & 0x3F) << 8 | msg[at + 1]
            continue
        labels.append(msg[at + 1:at + 1 + msg[at]].decode())
        at += 1 + msg[at]
    return ".".join(labels), end or at + 1


def ask(service):
    """(priority, port, target) of each record."""
    query = struct.pack("!HHHHHH", 0x5349, 0x0100, 1, 0, 0, 0)
    query += b"".join(bytes([len(label)]) + label.encode() for label in service.split(".")) + b"\0"
    query += struct.pack("!HH", SRV, 1)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(60)
    sock.connect(("127.0.0.54", 53))
    sock.send(query)
    msg = sock.recv(4096)
    at = len(query)
    for _ in range(struct.unpack_from("!H", msg, 6)[0]):
        _, at = name_at(msg, at)
        (kind,), (length,) = struct.unpack_from("!H", msg, at), struct.unpack_from("!H", msg, at + 8)
        if kind == SRV:
            priority, _, port = struct.unpack_from("!HHH", msg, at + 10)
            yield priority, port, name_at(msg, at + 16)[0]
        at += 10 + length


def main():
    _, port, target = min(ask(sys.argv[1]))
    try:
        socket.create_connection((target, port), 3).close()
        print(f"{target}:{port} connected")
    except OSError as e:
        print(f"{target}:{port} {e.strerror}")


main()
