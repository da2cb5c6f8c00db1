#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""linger.py HOW SOCKET [COUNT]: send descriptors whose last close takes 40 s

Each is a TCP socket over 127.0.0.1 with unsent data and SO_LINGER. HOW is one of

stream       connect, and send one with a byte
urgent       with an urgent byte, and more bytes
full         behind as many bytes as the connection takes
hangup       as stream, COUNT connections one after the other, each until the server has closed it
seqpacket    the same with an empty message
dgram        as one datagram, "hello"
large        as one datagram that is longer than most take
store NAME   to a descriptor holder, for long; short: for a second
wrong        to a descriptor holder, as a request that has none
notify NAME  FDSTORE=1 to its socket for sd_notify

Prints how often that could be done, or the error, and lives on, so that the sockets do."""
import array
import errno
import os
import socket
import struct
import sys
import time

LINGER = 40
kept = []


class Sockets:
    def __init__(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.listener.bind(('127.0.0.1', 0))
        self.listener.listen(100)

    def one(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, LINGER))
        sock.connect(self.listener.getsockname())
        sock.setblocking(False)
        try:
            while True:
                sock.send(bytes(65536))
        except BlockingIOError:
            return sock


def send(to, sock, data, flags=0):
    to.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                         array.array('i', [sock.fileno()]).tobytes())], flags)
    sock.close()


def connected(path, kind):
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.connect('\0' + path[1:] if path[0] == '@' else path)
    return sock


def message(data, count):
    return struct.pack('>IH', len(data), count) + data


def store(name, seconds):
    expiry = (1 << 62) + 37 + int(time.time()) + seconds
    return message(b'S' + struct.pack('>QI', expiry, 0) + bytes([len(name)]) + name.encode()
                   + b'\0', 1)


def fill(to):
    """As much as a reader takes who passes it on to one who reads nothing, and there is room again."""
    to.settimeout(0.05)
    try:
        while True:
            to.send(bytes(65536))
    except socket.timeout:
        to.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 21)


def attack(how, path, argument, sock):
    kind = {'seqpacket': socket.SOCK_SEQPACKET, 'dgram': socket.SOCK_DGRAM,
            'large': socket.SOCK_DGRAM, 'notify': socket.SOCK_DGRAM}.get(how, socket.SOCK_STREAM)
    to = connected(path, kind)
    kept.append(to)
    if how == 'full':
        fill(to)
    if how == 'urgent':
        send(to, sock, b'u', socket.MSG_OOB)
        to.send(b'more\n')
    elif how == 'store':
        send(to, sock, store(argument, 1000))
    elif how == 'short':
        send(to, sock, store(argument, 1))
    elif how == 'wrong':
        send(to, sock, message(b'L', 1))
    elif how == 'notify':
        send(to, sock, b'FDSTORE=1\nFDPOLL=0\nFDNAME=' + argument.encode())
    else:
        send(to, sock, {'seqpacket': b'', 'large': bytes(100000), 'dgram': b'hello'}.get(how, b'x'))
    if how in ('store', 'short'):
        to.recv(100)


def hang_up(path, sock):
    """Whether it comes in time or not: what counts is when the server lets go of it."""
    to = connected(path, socket.SOCK_STREAM)
    try:
        send(to, sock, b'x')
        to.settimeout(10)
        while to.recv(100):
            pass
    except socket.timeout:
        sys.exit('the server does not let go')
    except (BrokenPipeError, ConnectionResetError):
        kept.append(sock)       # if it is not sent, our own close would be the last


def main():
    how, path = sys.argv[1:3]
    argument = sys.argv[3] if len(sys.argv) > 3 else '1'
    sockets, done = Sockets(), 0
    try:
        for _ in range(int(argument) if argument.isdigit() else 1):
            if how == 'hangup':
                hang_up(path, sockets.one())
            else:
                attack(how, path, argument, sockets.one())
            done += 1
        print(done, flush=True)
    except OSError as error:
        print(errno.errorcode.get(error.errno, error), flush=True)
    os.close(1)
    time.sleep(LINGER)


main()
