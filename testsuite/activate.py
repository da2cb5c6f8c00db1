#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A client of sockets of every kind, and a program that prints what it has been given.

activate.py ask KIND ADDRESS...   send a byte and print the answer; KIND is stream, dgram, seqpacket,
                                  tcp or udp; tries again until there is a server
activate.py http KIND ADDRESS     the body of GET /
activate.py fcgi ADDRESS NAME=VALUE...  the answer to a FastCGI request
activate.py send KIND ADDRESS     send a byte, no answer is expected
activate.py serve                 answer clients on descriptor 3, until a signal ends us
activate.py steady SECONDS ADDRESS   a client every 20 ms; how many were not answered
activate.py load COUNT ADDRESS    as many clients, quick and slow, in bursts a second or more apart;
                                  how many were not answered
activate.py fds NUMBER...         print family, type and state of descriptors
activate.py ports COUNT           print ports that are free on this machine
"""
import concurrent.futures, contextlib, errno, os, random, socket, struct, sys, time

KINDS = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM, "seqpacket": socket.SOCK_SEQPACKET}


def connect(kind, address):
    if kind in KINDS:
        s = socket.socket(socket.AF_UNIX, KINDS[kind])
        if kind == "dgram":
            s.bind("")
        s.connect("\0" + address[1:] if address[0] == "@" else address)
        return s
    host, port = address.rsplit(":", 1)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    s.connect((host.strip("[]"), int(port)))
    return s


def answer(s, kind):
    try:
        s.send(b"x")
        if kind in ("stream", "tcp"):
            s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it has answered without reading
    text = s.recv(4096)
    try:
        while kind in ("stream", "tcp") and (more := s.recv(4096)):
            text += more
    except ConnectionResetError:
        pass
    return text.decode()


def ask(kind, address):
    for _ in range(1500):
        try:
            with connect(kind, address) as s:
                s.settimeout(30)
                return answer(s, kind)
        except (ConnectionRefusedError, FileNotFoundError):
            time.sleep(0.02)
    return "nobody at " + address + "\n"


def patient(kind, address):
    for _ in range(1500):
        try:
            return connect(kind, address)
        except (ConnectionRefusedError, FileNotFoundError):
            time.sleep(0.02)


def serve():
    listener = socket.socket(fileno=3)

    def answer(s):
        with s:
            if s.recv(1):
                s.send(b"y")

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        while True:
            pool.submit(answer, listener.accept()[0])


# Is one client answered? A slow one has a connection and says nothing for a while.
def is_answered(address, pause):
    try:
        with connect("stream", address) as s:
            s.settimeout(60)
            time.sleep(pause)
            s.send(b"x")
            return bool(s.recv(1))
    except OSError:
        return False


def steady(seconds, address):
    end, lost = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        lost += not is_answered(address, 0)
        time.sleep(0.02)
    return lost


def load(count, address):
    lost, burst = 0, 500
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for _ in range(count // burst):
            pauses = [random.choice((0, 0, 0, random.random() / 20)) for _ in range(burst)]
            lost += burst - sum(pool.map(lambda pause: is_answered(address, pause), pauses))
            # a program that may be silent for a second is about to be ended
            time.sleep(1.1 + random.random() * 0.7)
    return lost


def http(kind, address):
    with patient(kind, address) as s:
        s.settimeout(30)
        s.send(b"GET / HTTP/1.0\r\nHost: here\r\n\r\n")
        text = b""
        while more := s.recv(4096):
            text += more
        print(text.split(b"\r\n\r\n", 1)[1].decode().strip())


def fcgi(address, settings):
    record = lambda kind, body: struct.pack(">BBHHBx", 1, kind, 1, len(body), 0) + body
    pairs = (setting.encode().split(b"=", 1) for setting in settings)
    params = b"".join(bytes([len(n), len(v)]) + n + v for n, v in pairs)
    with patient("stream", address) as s:
        s.settimeout(30)
        s.send(record(1, b"\0\1\0\0\0\0\0\0") + record(4, params) + record(4, b"") + record(5, b""))
        with s.makefile("rb") as f:
            while header := f.read(8):
                _, kind, _, length, padding = struct.unpack(">BBHHBx", header)
                body = f.read(length + padding)[:length]
                if kind == 6 and body:
                    print(body.decode().split("\r\n\r\n", 1)[-1].strip())


def describe(fd):
    try:
        s = socket.socket(fileno=os.dup(fd))
    except OSError as e:
        return e.strerror
    listens = s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return " ".join([s.family.name[3:].lower(), s.type.name[5:].lower()] + ["listens"] * listens)


# Free for TCP and UDP, IPv4 and IPv6, and below those that clients get.
def ports(count):
    with contextlib.ExitStack() as all:
        while count:
            port = random.randrange(10000, 32768)
            with contextlib.ExitStack() as stack:
                try:
                    for family, host in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
                        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                            stack.enter_context(socket.socket(family, kind)).bind((host, port))
                except OSError as e:
                    if e.errno != errno.EADDRINUSE:
                        raise
                    continue
                all.enter_context(stack.pop_all())
            print(port)
            count -= 1


if sys.argv[1] == "ask":
    for address in sys.argv[3:]:
        sys.stdout.write(ask(sys.argv[2], address))
elif sys.argv[1] == "http":
    http(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "fcgi":
    fcgi(sys.argv[2], sys.argv[3:])
elif sys.argv[1] == "send":
    patient(*sys.argv[2:]).send(b"x")
elif sys.argv[1] == "serve":
    serve()
elif sys.argv[1] == "steady":
    print("lost", steady(int(sys.argv[2]), sys.argv[3]))
elif sys.argv[1] == "load":
    print("lost", load(int(sys.argv[2]), sys.argv[3]))
elif sys.argv[1] == "ports":
    ports(int(sys.argv[2]))
elif sys.argv[1] == "fds":
    for fd in sys.argv[2:]:
        print(fd, describe(int(fd)))
