"""A server on UDP and TCP, IPv4 or IPv6, that tells which one it is.

    whoami.py ADDR PORT HITS

Answers each datagram, and each connection, with "ADDR PORT", and a datagram's first word behind that; writes
a line HIT for each to HITS."""
import selectors, socket, sys, time

addr, port, hits = sys.argv[1], int(sys.argv[2]), open(sys.argv[3], "a", buffering=1)
family = socket.AF_INET6 if ":" in addr else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM)
tcp = socket.socket(family, socket.SOCK_STREAM)
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
for s in udp, tcp:
    s.bind((addr, port))
tcp.listen(64)
both = selectors.DefaultSelector()
both.register(udp, selectors.EVENT_READ)
both.register(tcp, selectors.EVENT_READ)
name = f"{addr} {port}"
while True:
    for key, _ in both.select():
        if key.fileobj is udp:
            data, peer = udp.recvfrom(65535)
            word = data.split(None, 1)[0].decode("ascii", "replace") if data.split() else ""
            hits.write(f"HIT udp {word} {time.time_ns()}\n")
            udp.sendto(f"{name} {word}".encode(), peer)
        else:
            fd, peer = tcp.accept()
            hits.write(f"HIT tcp {time.time_ns()}\n")
            fd.sendall(name.encode())
            fd.close()
