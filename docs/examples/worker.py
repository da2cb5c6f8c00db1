#!/usr/bin/python3
"""worker.py: greets each client that "ipcserver -w N SOCKET worker.py" hands to it, and lives on"""
import os
import socket
import struct

queue = socket.socket(fileno=int(os.environ["IPCWORKERFD"]))


def tell(what, number):
    """the server, if it counts, counts a client from T, taken, to D, done"""
    try:
        if number:
            queue.send(struct.pack(">cI", what, int(number)))
    except OSError:
        pass                            # the server has gone


while True:
    packet, fds, flags, _ = socket.recv_fds(queue, 262144, 1, socket.MSG_CMSG_CLOEXEC)
    if not packet:
        break                           # the server has no more clients
    with socket.socket(fileno=fds[0]) as client:
        changes = packet.decode(errors="surrogateescape").split("\0")
        env = dict(change.split("=", 1) for change in changes if "=" in change)
        number = env.get("IPCWORKERCLIENT")
        tell(b"T", number)
        try:
            client.sendall(f"hello, user {env['IPCREMOTEEUID']}, from {os.getpid()}\n".encode())
        except OSError:
            pass                        # this client has gone; there will be others
    tell(b"D", number)
