"""A connection to a switch that plays one scenario after the other and tells what came back."""
import socket
import struct

VENDOR = 0x2320
TABLE, CONTROLLER, NONE = 0xFFF9, 0xFFFD, 0xFFFF
NO_BUFFER = 0xFFFFFFFF
ALL_TABLES = 0xFF
REG0, TUN_ID = 1 << 7, 1 << 7 | 16
ADD, DELETE = 0, 3
MARK = bytes.fromhex("0200000000fe0200000000ff88b5") + b"the last one" + bytes(32)


def message(kind, body, xid=0):
    return struct.pack("!BBHI", 1, kind, 8 + len(body), xid) + body


def nicira(subtype, body, xid=0):
    return message(4, struct.pack("!II", VENDOR, subtype) + body, xid)


def output(port, max_len=0xFFFF):
    return struct.pack("!HHHH", 0, 8, port, max_len)


def nx_flow_mod(match, actions, cookie, priority, command=ADD, xid=0):
    padded = match + bytes(-len(match) % 8)
    head = struct.pack("!QHHHHIHHH6x", cookie, command, 0, 0, priority, NO_BUFFER, NONE, 0, len(match))
    return nicira(13, head + padded + actions, xid)


def packet_out(in_port, actions, frame, xid):
    return message(13, struct.pack("!IHH", NO_BUFFER, in_port, len(actions)) + actions + frame, xid)


class Switch:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.buffer = b""
        self.send(message(0, b""))
        self.send(message(9, struct.pack("!HH", 0, 0xFFFF)))  # fragments are ordinary; packets are sent up whole
        self.send(nicira(16, struct.pack("!I", 1)))  # packet-ins in Nicira's form
        self.send(nicira(12, struct.pack("!I", 2)))  # extended matches

    def send(self, data):
        self.socket.sendall(data)

    def next(self):
        while len(self.buffer) < 8 or len(self.buffer) < struct.unpack_from("!H", self.buffer, 2)[0]:
            more = self.socket.recv(1 << 16)
            if not more:
                raise EOFError("the switch has closed the connection")
            self.buffer += more
        length = struct.unpack_from("!H", self.buffer, 2)[0]
        out, self.buffer = self.buffer[:length], self.buffer[length:]
        if out[1] == 2:
            self.send(message(3, out[8:], struct.unpack_from("!I", out, 4)[0]))
            return self.next()
        return out

    def until_barrier(self):
        """Everything that comes before a barrier has been answered."""
        self.send(message(18, b"", 0xBA))
        out = []
        while True:
            got = self.next()
            if got[1] == 19:
                return out
            out.append(got)

    def set_up(self, table_ids, rules):
        """Empties the tables and sends the rules; the answer to each, empty if there was none."""
        self.send(nicira(15, struct.pack("!B7x", 1)))
        self.send(nx_flow_mod(b"", b"", 0, 0, ALL_TABLES << 8 | DELETE))
        self.send(nicira(15, struct.pack("!B7x", table_ids)))
        self.until_barrier()
        for rule in rules:
            self.send(rule)
        answers = {struct.unpack_from("!I", m, 4)[0]: m for m in self.until_barrier() if m[1] == 1}
        return [answers.get(1000 + i, b"") for i in range(len(rules))]

    def probe(self, in_port, frame, xid):
        """Sends a frame through the tables; what came up, and the answer to the packet-out."""
        self.send(packet_out(in_port, output(TABLE, 0), frame, xid))
        self.send(packet_out(in_port, output(CONTROLLER), MARK, 8))
        hits, error = [], b""
        while True:
            got = self.next()
            if got[1] == 1:
                error = got
            elif got[1] == 4 and struct.unpack_from("!II", got, 8) == (VENDOR, 17):
                hit = packet_in(got)
                if hit["frame"] == MARK.hex():
                    return hits, error
                hits.append(hit)

    def flows(self):
        """The statistics of all flows as recordings have them."""
        self.send(message(16, struct.pack("!HHIIIHHB3x", 0xFFFF, 0, VENDOR, 0, 0, NONE, 0, ALL_TABLES), 2))
        records, more = [], True
        while more:
            got = self.next()
            if got[1] != 17:
                continue
            more = struct.unpack_from("!H", got, 10)[0] & 1
            at = 24
            while at < len(got):
                length = struct.unpack_from("!H", got, at)[0]
                records.append(without_time(got[at : at + length]))
                at += length
        return b"".join(sorted(records, key=lambda r: (r[2], r[24:32])))


def without_time(record):
    out = bytearray(record)
    out[4:12] = bytes(8)
    out[20:24] = bytes(4)
    return bytes(out)


def packet_in(m):
    total, reason, table, cookie, length = struct.unpack_from("!HBBQH", m, 20)
    match, frame = m[40 : 40 + length], m[40 + (length + 7) // 8 * 8 + 2 :]
    hit = {"cookie": f"{cookie:x}", "table": table, "reason": "no_match" if reason == 0 else "action"}
    if reason == 0:
        hit["cookie"] = "0"
    meta = {}
    while len(match) >= 4:
        header = struct.unpack_from("!I", match)[0]
        kind, masked, size = header >> 9, header >> 8 & 1, header & 0xFF
        value = int.from_bytes(match[4 : 4 + (size // 2 if masked else size)], "big")
        if kind == 0:
            hit["in_port"] = value
        if REG0 <= kind < REG0 + 5 and value:
            meta[f"reg{kind - REG0}"] = f"{value:08x}"
        if kind == TUN_ID and value:
            meta["tun_id"] = f"{value:016x}"
        match = match[4 + size :]
    hit["frame"] = frame.hex()
    hit["total_len"] = total
    if meta:
        hit["meta"] = meta
    return hit
