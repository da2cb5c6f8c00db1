# SPDX-License-Identifier: ISC
"""ipc.py: local services in Python: workers, messages, channels and descriptors that have names

It needs Python 3.9 alone. The formats are those of docs/protocol.md. Descriptors that arrive are
close-on-exec and the caller's; what breaks a protocol is a ProtocolError and leaves none open.
"""
from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

MOST_FDS = 253                          # of a message


class ProtocolError(OSError):
    pass


def close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)


def receive_fds(sock: socket.socket, size: int, most: int) -> Tuple[bytes, List[int], int]:
    """Bytes, descriptors, is any lost? (socket.recv_fds forgets the flag for close-on-exec.)"""
    data, control, flags, _ = sock.recvmsg(size, socket.CMSG_LEN(4 * most), socket.MSG_CMSG_CLOEXEC)
    fds = [fd for level, kind, part in control if kind == socket.SCM_RIGHTS
           for fd, in struct.iter_unpack("i", part[:len(part) // 4 * 4])]
    return data, fds, flags & (socket.MSG_CTRUNC | socket.MSG_TRUNC)


class Client(contextlib.AbstractContextManager["Client"]):
    """A client of "ipcserver -w N PATH PROGRAM", with the env of a handler. Counts until closed."""

    def __init__(self, queue: socket.socket, fd: int, packet: bytes) -> None:
        self.socket = socket.socket(fileno=fd)
        self.changes: Dict[str, Optional[str]] = {}     # None: the variable is removed
        for change in packet.decode(errors="surrogateescape").split("\0")[:-1]:
            name, equals, value = change.partition("=")
            self.changes[name] = value if equals else None
        self._queue = queue
        self._number = self.changes.pop("IPCWORKERCLIENT", None)
        merged: Dict[str, Optional[str]] = {**os.environ, **self.changes}
        self.env = {name: value for name, value in merged.items() if value is not None}
        self._tell(b"T")

    def close(self) -> None:
        self.socket.close()
        self._tell(b"D")

    def _tell(self, what: bytes) -> None:
        with contextlib.suppress(OSError):      # the server may have gone
            if self._number is not None:
                self._queue.send(struct.pack(">cI", what, int(self._number)))

    def __exit__(self, *_: object) -> None:
        self.close()


def clients(fd: Optional[int] = None) -> Iterator[Client]:
    """The clients that the server gives us, until it has no more."""
    queue = socket.socket(fileno=int(os.environ["IPCWORKERFD"]) if fd is None else fd)
    while (got := receive_fds(queue, 262144, 1))[0]:
        packet, fds, lost = got
        if len(fds) != 1 or lost or packet[-1]:
            close_all(fds)
            raise ProtocolError("not a client")
        yield Client(queue, fds[0], packet)


class Message(NamedTuple):
    data: bytes
    fds: List[int]


class Messages:
    """Framed messages over a connected stream or seqpacket socket."""

    def __init__(self, sock: socket.socket, max_fds: int = 0, max_length: int = 1 << 20) -> None:
        self.socket, self.max_fds, self.max_length = sock, max_fds, max_length
        self._packets = sock.type == socket.SOCK_SEQPACKET

    def send(self, data: bytes, fds: Sequence[int] = ()) -> None:
        whole = memoryview(struct.pack(">IH", len(data), len(fds)) + data)
        sent = socket.send_fds(self.socket, [whole], fds) if fds else self.socket.send(whole)
        while sent < len(whole):
            sent += self.socket.send(whole[sent:])

    def receive(self) -> Optional[Message]:
        """The next message; None at the end of the connection."""
        fds: List[int] = []
        try:
            data = self._receive(fds)
        except BaseException:
            close_all(fds)
            raise
        return None if data is None else Message(data, fds)

    def _receive(self, fds: List[int]) -> Optional[bytes]:
        data = self._take(6 + self.max_length if self._packets else 6, fds)
        if not data and not fds:
            return None
        if len(data) < 6:
            raise ProtocolError("an end within a message")
        length, count = struct.unpack(">IH", data[:6])
        if length > self.max_length or count > self.max_fds:
            raise ProtocolError("more than we take")
        if not self._packets:
            data += self._take(length, fds)
        if len(data) != 6 + length or len(fds) != count:
            raise ProtocolError("not as many as its header says")
        return bytes(data[6:])

    def _take(self, length: int, fds: List[int]) -> bytearray:
        data = bytearray()              # a packet, or LENGTH bytes; fewer only at the end
        while len(data) < length:
            most = length if self._packets else min(length - len(data), 65536)
            piece, more, lost = receive_fds(self.socket, most, MOST_FDS)
            fds += more
            if lost or len(fds) > self.max_fds:
                raise ProtocolError("more than we take")
            data += piece
            if not piece or self._packets:
                break
        return data


class Channel:
    """Requests and answers on "main", notifications of the server on "side"."""

    def __init__(self, sock: socket.socket, before: bytes, after: bytes, server: bool = False,
                 max_fds: int = 0) -> None:
        self.main = Messages(sock, 0 if server else 1)
        if not server:
            self.main.send(before)
        hello = self.main.receive()
        expected = (before, 0) if server else (after, 1)
        if hello is None or (hello.data, len(hello.fds)) != expected:
            close_all(hello.fds if hello else [])
            raise ProtocolError("another protocol")
        if server:
            side, theirs = socket.socketpair()
            with theirs:
                theirs.setblocking(False)
                self.main.send(after, [theirs.fileno()])
        else:
            try:
                side = socket.socket(fileno=hello.fds[0])
            except OSError as error:
                close_all(hello.fds)
                raise ProtocolError("another protocol") from error
            side.setblocking(True)
        self.main.max_fds, self.side = max_fds, Messages(side, max_fds)

    def ask(self, data: bytes, fds: Sequence[int] = ()) -> Message:
        self.main.send(data, fds)
        if (answer := self.main.receive()) is None:
            raise ProtocolError("no answer")
        return answer


def send_named(sock: socket.socket, named: Mapping[str, int]) -> bool:
    """To "ipcfdpass recv", say. Are they taken?"""
    Messages(sock).send(b"".join(os.fsencode(name) + b"\0" for name in named), [*named.values()])
    return sock.recv(1) == b"\x06"


def receive_named(sock: socket.socket) -> Dict[str, int]:
    """From "ipcfdpass send", say."""
    fds: List[int] = []
    try:
        data, fds = Messages(sock, MOST_FDS).receive() or (b"", [])
        names = data.split(b"\0")
        if names.pop() or not (0 < len(fds) == len(names) == len(set(names))) or not all(
                0 < len(n) < 256 and not set(n) & {*b"=, \x7f", *range(32)} for n in names):
            raise ProtocolError("no named descriptors")
    except ProtocolError:
        close_all(fds)
        with contextlib.suppress(OSError):      # the sender may have gone
            sock.send(b"\x15")
        raise
    sock.send(b"\x06")
    return {os.fsdecode(name): fd for name, fd in zip(names, fds)}


def given(variable: str = "LISTEN_FD_MAP") -> List[Tuple[str, int]]:
    """What we were started with, and its names: LISTEN_FDS, the map, or 0 if it is a socket."""
    count = int(os.environ.get("LISTEN_FDS", 0))
    if count and os.environ.get("LISTEN_PID") == str(os.getpid()):
        names = os.environ.get("LISTEN_FDNAMES", ":" * (count - 1)).split(":")
        found = [(name or "unknown", 3 + i) for i, name in enumerate(names)]
        if len(found) != count:
            raise ProtocolError("LISTEN_FDNAMES and LISTEN_FDS differ")
    elif variable in os.environ:
        found = [(pair.rpartition("=")[0], int(pair.rpartition("=")[2]))
                 for pair in os.environ[variable].split(",")]
    else:
        found = [("unknown", 0)] if stat.S_ISSOCK(os.fstat(0).st_mode) else []
    for _, fd in found:
        os.set_inheritable(fd, fd < 3)  # fails if it is not open
    return found
