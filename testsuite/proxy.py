# SPDX-License-Identifier: ISC
"""Both ends of a proxy: proxy.py WHAT TARGET FRONT

The target listens at TARGET and clients come to FRONT, which leads there. FRONT may be TARGET.
"""
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time


def proxies(signal_number):
    """Stop the proxies, so that messages pile up, or let them go on."""
    children = subprocess.run(["pgrep", "-P", os.environ["SERVER"]], capture_output=True, text=True)
    for pid in children.stdout.split():
        try:
            os.kill(int(pid), signal_number)
        except ProcessLookupError:
            pass                # of a connection before


def pair(listener, front, kind):
    client = socket.socket(socket.AF_UNIX, kind)
    client.connect(front)
    return client, listener.accept()[0]


def listen(path, kind=socket.SOCK_STREAM):
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(path)
    listener.listen(4096)
    return listener


def take_all(sock, size):
    """What each receive gives: bytes, and the files that the descriptors are."""
    sock.settimeout(20)
    while True:
        data, fds, flags, _ = socket.recv_fds(sock, size, 253)
        if not data and not fds:
            return
        inodes = [os.fstat(fd).st_ino for fd in fds]
        for fd in fds:
            os.close(fd)
        yield data, inodes


def splits(listener, front):
    """A message with descriptors in the middle of others, cut at every place, and read in pieces
    of every size: the descriptors come with the same byte as they do without a proxy."""
    files = [os.open("f%d" % i, os.O_CREAT | os.O_RDWR) for i in range(3)]
    names = {os.fstat(fd).st_ino: i for i, fd in enumerate(files)}
    text = b"0123456789"
    for first in range(len(text)):
        for second in range(first + 1, len(text) + 1):
            for way in (0, 1):
                ends = pair(listener, front, socket.SOCK_STREAM)
                sender, receiver = ends[way], ends[1 - way]
                if front != target:
                    proxies(signal.SIGSTOP)
                if first:
                    sender.send(text[:first])
                socket.send_fds(sender, [text[first:second]], files[:2])
                if second < len(text):
                    sender.send(text[second:-1])
                    socket.send_fds(sender, [text[-1:]], files[2:])
                sender.shutdown(socket.SHUT_WR)
                if front != target:
                    proxies(signal.SIGCONT)
                    while len(receiver.recv(20, socket.MSG_PEEK)) < first:
                        pass
                got = b""
                for data, inodes in take_all(receiver, 1):
                    if inodes:
                        print(first, second, way, len(got), [names[i] for i in inodes])
                    got += data
                assert got == text, got
                for end in ends:
                    end.close()


def packets(listener, front):
    """Packets of all sizes, empty ones, and some with descriptors, both ways."""
    file = os.open("f", os.O_CREAT | os.O_RDWR)
    for way in (0, 1):
        ends = pair(listener, front, socket.SOCK_SEQPACKET)
        sender, receiver = ends[way], ends[1 - way]

        def send():
            for size in (1, 0, 5, 100000, 200000, 0, 7):
                sender.send(bytes(size))
            for count in (1, 7, 253):
                socket.send_fds(sender, [bytes(count)], [file] * count)
            socket.send_fds(sender, [b""], [file])
            sender.send(b"")
            sender.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=send)
        thread.start()
        sizes = []
        for _ in range(12):
            data, fds, flags, _ = socket.recv_fds(receiver, 1 << 20, 253)
            sizes.append((len(data), len(fds)))
            for fd in fds:
                os.close(fd)
        print(sizes, receiver.recv(10))
        thread.join()


def pressure(listener, front):
    """Who writes to one that does not read has to wait, and nothing is lost."""
    for way in (0, 1):
        ends = pair(listener, front, socket.SOCK_STREAM)
        sender, receiver = ends[way], ends[1 - way]
        sender.setblocking(False)
        sent = 0
        while select.select([], [sender], [], 0.5)[1]:
            sent += sender.send(b"x" * 10000)
        print(100000 < sent < 2000000)
        sender.close()
        print(sent == sum(len(data) for data, _ in take_all(receiver, 65536)))


def ends(listener, front):
    """A half-close is one, and the end of a client or a server is told to the other."""
    client, server = pair(listener, front, socket.SOCK_STREAM)
    client.send(b"question")
    client.shutdown(socket.SHUT_WR)
    print(server.recv(100), server.recv(100))
    server.send(b"answer")
    print(client.recv(100))
    server.close()
    print(client.recv(100))
    for way in (0, 1):
        both = pair(listener, front, socket.SOCK_STREAM)
        both[way].close()
        poll = select.poll()
        poll.register(both[1 - way], 0)
        print([event == select.POLLHUP for _, event in poll.poll(20000)])
    client, server = pair(listener, front, socket.SOCK_STREAM)
    server.shutdown(socket.SHUT_RD)
    try:
        while True:
            client.send(b"x")
    except BrokenPipeError:
        print("nobody reads")
    server.send(b"still here")
    print(client.recv(100))


def rights(listener, front):
    """Does a descriptor come through, each way? The bytes do."""
    file = os.open("f", os.O_CREAT | os.O_RDWR)
    both = pair(listener, front, socket.SOCK_STREAM)
    for way in (0, 1):
        socket.send_fds(both[way], [b"hello"], [file, file])
        data, fds, _, _ = socket.recv_fds(both[1 - way], 100, 9)
        print(data.decode(), len(fds))


def urgent(listener, front):
    """An urgent byte is one like the others: it comes although nothing follows, and with its
    descriptors. A proxy that cannot take it is busy with looking at it."""
    file = os.open("f", os.O_CREAT | os.O_RDWR)
    both = pair(listener, front, socket.SOCK_STREAM)
    for way in (0, 1):
        # not send_fds, which forgets the flag
        message = [b"u"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", file))]
        try:
            both[way].sendmsg(*message, socket.MSG_OOB)
        except OSError:         # before Linux 5.15
            both[way].sendmsg(*message)
        both[1 - way].settimeout(5)
        both[1 - way].setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        try:
            data, fds, _, _ = socket.recv_fds(both[1 - way], 100, 9)
            print(data, len(fds))
        except TimeoutError:
            print("nothing comes")


def many(listener, front):
    """COUNT connections at a time, each of which works, and the last is as good as the first."""
    count = int(os.environ["COUNT"])
    both = [pair(listener, front, socket.SOCK_STREAM) for _ in range(count)]
    for i, (client, server) in enumerate(both):
        client.send(b"%d" % i)
    for i, (client, server) in enumerate(both):
        server.send(server.recv(100) + b"!")
    print(all(client.recv(100) == b"%d!" % i for i, (client, _) in enumerate(both)))


def slow(listener, front):
    """Many to whom more is sent than they take, and more of them than there are pipes: each gets
    what is its own, and what was open for them is closed."""
    worker = subprocess.run(["pgrep", "-P", os.environ["SERVER"]], capture_output=True,
                            text=True).stdout.strip()
    before = len(os.listdir(f"/proc/{worker}/fd"))
    both = [pair(listener, front, socket.SOCK_STREAM) for _ in range(80)]
    sent = []
    for i, (client, _) in enumerate(both):
        client.setblocking(False)
        sent.append(0)
        while select.select([], [client], [], 0.05)[1]:
            sent[i] += client.send(bytes([i]) * 300000)
        client.close()
    for i, (_, server) in enumerate(both):
        if i % 8:
            data = b"".join(data for data, _ in take_all(server, 300000))
            if data != bytes([i]) * sent[i]:
                print(i, len(data), sent[i])
        server.close()
    for _ in range(100):
        after = len(os.listdir(f"/proc/{worker}/fd"))
        if after <= before + 4:     # a pipe for the next who sends much, and one to closers
            break
        time.sleep(0.1)
    print(min(sent) > 300000, after <= before + 4)


what, target, front = sys.argv[1:4]
kind = socket.SOCK_SEQPACKET if what == "packets" else socket.SOCK_STREAM
globals()[what](listen(target, kind), front)
