# SPDX-License-Identifier: ISC
# A client of a holder that says what no proper client would: holder_peer.py SOCKET SCENARIO...
import array, os, select, socket, struct, sys, time

class Holder:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        self.fds = []

    def raw(self, data, fds=()):
        extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
        self.s.sendmsg([data], extra)

    def send(self, body, fds=(), declared=None):
        count = len(fds) if declared is None else declared
        self.raw(struct.pack('>IH', len(body), count) + body, fds)

    def read(self, n):
        data = b''
        while len(data) < n:
            try:
                part, extra, flags, _ = self.s.recvmsg(n - len(data), 4096)
            except ConnectionResetError:
                part, extra = b'', []
            for level, kind, value in extra:
                got = array.array('i')
                got.frombytes(value)
                self.fds += got
            if not part:
                return None
            data += part
        return data

    def receive(self):
        head = self.read(6)
        if head is None:
            return 'hangup'
        length, count = struct.unpack('>IH', head)
        return self.read(length)

    def ask(self, *args, **more):
        self.send(*args, **more)
        return self.receive()

def name(text):
    return bytes([len(text)]) + text + b'\0'

def tain(seconds):
    return struct.pack('>QI', (1 << 62) + 37 + int(time.time()) + seconds, 0)

def store(text, seconds=1000):
    return b'S' + tain(seconds) + name(text)

def retrieve(text, delete=0):
    return b'R' + bytes([delete]) + name(text)

def file_of(text):
    r, w = os.pipe()
    os.write(w, text)
    os.close(w)
    return r

def show(reply):
    print(reply if isinstance(reply, str) else reply.hex())

path = sys.argv[1]

def malformed():
    "each of these is the end of the connection, without an answer"
    fd = os.open('/dev/null', os.O_RDONLY)
    for body, fds in [
        (b'', []), (b'Z', []), (store(b'x')[:-1], [fd]), (store(b'x') + b'y', [fd]),
        (store(b'x'), []), (store(b'x'), [fd, fd]), (store(b''), [fd]), (b'D' + name(b''), []),
        (b'D' + name(b'a\0b'), []), (b'S' + tain(5) + b'\5a\0b', [fd]),
        (b'D\3abcd', []), (b'D' + name(b'x'), [fd]), (retrieve(b''), []), (b'R\0', []),
        (b'.' + tain(5) + name(b'x'), [fd]), (b'L ', []), (b'L', [fd]), (b'?x', []),
        (b'!\0\0\0', []), (b'd', []), (b'f', []), (b'f' + name(b''), []),
    ]:
        h = Holder(path)
        reply = h.ask(body, fds)
        if reply != 'hangup':
            print(body, reply)
    h = Holder(path)
    h.raw(struct.pack('>IH', 1 << 29, 0) + b'L')
    show(h.receive())

def undeclared():
    "descriptors beyond those that the header declares never become part of the table"
    secret = file_of(b'')
    h = Holder(path)
    h.send(store(b'mine'), [file_of(b'a'), file_of(b'b'), file_of(b'c')], declared=1)
    show(h.receive())
    h = Holder(path)
    show(h.ask(store(b'other'), [file_of(b'other')]))
    for id in b'mine', b'other':
        h = Holder(path)
        show(h.ask(retrieve(id)))
        print([os.read(f, 100) for f in h.fds])

def queued():
    "what waits to be sent stays what it was, whatever happens to its number in the holder"
    h = Holder(path)
    show(h.ask(store(b'mine'), [file_of(b'mine')]))
    h.s.setblocking(False)
    sent = 0
    try:
        while sent < 100000:
            h.send(retrieve(b'mine'))
            sent += 1
    except BlockingIOError:
        pass
    time.sleep(0.1)
    other = Holder(path)
    show(other.ask(b'D' + name(b'mine')))
    show(other.ask(store(b'other'), [file_of(b'other')]))
    h.s.setblocking(True)
    ok = failed = 0
    h.s.settimeout(30)
    try:
        while ok + failed < sent:
            reply = h.receive()
            if reply == 'hangup':
                break
            if reply == b'\0':
                ok += 1
            else:
                failed += 1
            for f in h.fds:
                text = os.fstat(f)
                if os.fstat(f).st_ino != os.fstat(h.fds[0]).st_ino:
                    print('another file')
            for f in h.fds[1:]:
                os.close(f)
            del h.fds[1:]
    except socket.timeout:
        pass
    print(ok > 0, os.read(h.fds[0], 100))

def greedy():
    "a client that asks and does not read costs bounded memory"
    h = Holder(path)
    pid = int(sys.argv[3])
    # it is a child of the one that is known who serves, if they are two
    pid = int((open('/proc/%d/task/%d/children' % (pid, pid)).read().split() or [pid])[0])
    h.s.setblocking(False)
    end = time.time() + 1
    while time.time() < end:
        try:
            h.send(b'L')
        except BlockingIOError:
            time.sleep(0.01)
    rss = [l for l in open('/proc/%d/status' % pid) if l.startswith('VmRSS')][0].split()[1]
    print(int(rss) < 8192)

def pieces():
    "requests in pieces, down to a byte, and several in one"
    h = Holder(path)
    body = store(b'pieces')
    data = struct.pack('>IH', len(body), 1) + body
    for i in range(len(data)):
        h.raw(data[i:i + 1], [file_of(b'p')] if i == len(data) - 1 else ())
        time.sleep(0.002)
    show(h.receive())
    h.raw((struct.pack('>IH', 1, 0) + b'L') * 3)
    for i in range(3):
        show(h.receive())

def vanish():
    "a descriptor that is on its way to a client that dies is not lost"
    keeper = Holder(path)
    show(keeper.ask(store(b'precious'), [file_of(b'gold')]))
    h = Holder(path)
    h.send(retrieve(b'precious', 1))
    select.select([h.s], [], [])
    show(keeper.ask(retrieve(b'precious')))    # it is not there for others meanwhile
    show(keeper.ask(store(b'precious'), [file_of(b'lead')]))
    h.s.close()
    deadline = time.time() + 30
    while time.time() < deadline:
        reply = keeper.ask(retrieve(b'precious'))
        if reply == b'\0':
            break
    show(reply)
    print(os.read(keeper.fds[0], 100))
    h = Holder(path)
    show(h.ask(retrieve(b'precious', 1)))
    show(keeper.ask(retrieve(b'precious')))

def parked():
    "so many are on their way to a client that does not read, and another one asks"
    keeper = Holder(path)
    taker = Holder(path)
    for i in range(int(sys.argv[3])):
        keeper.ask(store(b'p%d' % i), [0])
    for i in range(int(sys.argv[3])):
        taker.send(retrieve(b'p%d' % i, 1))
    while keeper.ask(retrieve(b'p%d' % i)) == b'\0':
        pass
    for i in range(int(sys.argv[3])):
        taker.receive()
    show(keeper.ask(b'L'))

def atomic():
    "half a dump is none"
    h = Holder(path)
    show(h.ask(b'!' + struct.pack('>I', 2)))
    show(h.ask(b'.' + tain(1000) + name(b'half'), [file_of(b'h')]))
    h2 = Holder(path)
    show(h2.ask(b'D' + name(b'half')))
    show(h.ask(b'L'))
    show(h2.ask(b'D' + name(b'half')))
    h = Holder(path)
    show(h.ask(b'!' + struct.pack('>I', 2)))
    show(h.ask(b'.' + tain(1000) + name(b'a'), [file_of(b'1')]))
    show(h.ask(b'.' + tain(1000) + name(b'a'), [file_of(b'2')]))
    show(h.ask(retrieve(b'a')))
    print(os.read(h.fds[0], 100))
    show(h.ask(b'!' + struct.pack('>I', 0)))
    show(h.ask(b'L'))
    h.send(b'!' + struct.pack('>I', 1))
    show(h.receive())
    show(h.ask(b'.' + (tain(1000) + name(b'z')) * 2, [0, 0]))

def idle():
    "idle connections, so many"
    hs = []
    for i in range(int(sys.argv[3])):
        hs.append(Holder(path))
    print('ready', flush=True)
    sys.stdin.read()

def fill():
    "store so many under NAME-0 ..."
    h = Holder(path)
    r = os.open('/dev/null', os.O_RDONLY)
    last = None
    for i in range(int(sys.argv[3])):
        reply = h.ask(b'S' + tain(100000) + name(sys.argv[4].encode() + b'-%d' % i), [r])
        if reply != b'\0':
            last = reply
            break
    print(i if last else i + 1, last.hex() if last else 'ok')

globals()[sys.argv[2]]()
