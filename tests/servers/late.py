"""A way to a DNS server on which answers come late, out of order and twice; on UDP.

    late.py ADDR PORT SERVER-ADDR SERVER-PORT

An answer waits for 20 to 300 ms, and every fourth comes again later: which one how long is fixed, so that two
runs that ask the same meet the same.
"""
import heapq
import selectors
import socket
import sys
import time

bind, server = (sys.argv[1], int(sys.argv[2])), (sys.argv[3], int(sys.argv[4]))
DELAYS_MS = (50, 300, 20, 150, 90, 250, 30)

front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
front.bind(bind)
wait = selectors.DefaultSelector()
wait.register(front, selectors.EVENT_READ)
clients, due, answers = {}, [], 0            # a socket for each query: ids are the clients' own


def answered(back):
    """Sets the times at which the answer goes to the client."""
    global answers
    answer, client = back.recv(65535), clients.pop(back)
    wait.unregister(back)
    back.close()
    answers += 1
    for copy in range(2 if answers % 4 == 0 else 1):
        delay = DELAYS_MS[(answers + copy) % len(DELAYS_MS)] / 1000
        heapq.heappush(due, (time.monotonic() + delay, answers, copy, answer, client))


def asked():
    query, client = front.recvfrom(65535)
    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    back.connect(server)
    back.send(query)
    clients[back] = client
    wait.register(back, selectors.EVENT_READ)


while True:
    for key, _ in wait.select(max(0, due[0][0] - time.monotonic()) if due else None):
        asked() if key.fileobj is front else answered(key.fileobj)
    while due and due[0][0] <= time.monotonic():
        _, _, _, answer, client = heapq.heappop(due)
        front.sendto(answer, client)
