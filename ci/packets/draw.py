"""Draws flow tables about Nicira's actions, right and wrong, and frames for them."""
import struct

import switch

IPV4, ARP, RARP, IPV6 = 0x0800, 0x0806, 0x8035, 0x86DD
ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132

# name: number of the NXM entry, bits, what the match has to say: Ethernet types, protocols.
FIELDS = {
    "in_port": (0, 16, (), ()),
    "eth_dst": (1, 48, (), ()),
    "eth_src": (2, 48, (), ()),
    "eth_type": (3, 16, (), ()),
    "vlan_tci": (4, 16, (), ()),
    "ip_tos": (5, 8, (IPV4, IPV6), ()),
    "ip_proto": (6, 8, (IPV4, IPV6), ()),
    "ip_src": (7, 32, (IPV4,), ()),
    "ip_dst": (8, 32, (IPV4,), ()),
    "tcp_src": (9, 16, (IPV4, IPV6), (TCP,)),
    "tcp_dst": (10, 16, (IPV4, IPV6), (TCP,)),
    "udp_src": (11, 16, (IPV4, IPV6), (UDP,)),
    "udp_dst": (12, 16, (IPV4, IPV6), (UDP,)),
    "icmp_type": (13, 8, (IPV4,), (ICMP,)),
    "icmp_code": (14, 8, (IPV4,), (ICMP,)),
    "arp_op": (15, 16, (ARP,), ()),
    "arp_spa": (16, 32, (ARP,), ()),
    "arp_tpa": (17, 32, (ARP,), ()),
    "arp_sha": (1 << 7 | 17, 48, (ARP,), ()),
    "arp_tha": (1 << 7 | 18, 48, (ARP,), ()),
    "ipv6_src": (1 << 7 | 19, 128, (IPV6,), ()),
    "ipv6_dst": (1 << 7 | 20, 128, (IPV6,), ()),
    "icmpv6_type": (1 << 7 | 21, 8, (IPV6,), (ICMPV6,)),
    "icmpv6_code": (1 << 7 | 22, 8, (IPV6,), (ICMPV6,)),
    "reg0": (1 << 7, 32, (), ()),
    "reg1": (1 << 7 | 1, 32, (), ()),
    "reg2": (1 << 7 | 2, 32, (), ()),
    "tun_id": (1 << 7 | 16, 64, (), ()),
}
WRITABLE = ("eth_dst", "eth_src", "vlan_tci", "ip_tos", "ip_src", "ip_dst", "tcp_src", "tcp_dst", "udp_src", "udp_dst",
            "reg0", "reg1", "reg2", "tun_id")
# What the rules of a scenario are about: Ethernet type, protocol.
LAYERS = ((None, None), (IPV4, None), (IPV4, TCP), (IPV4, UDP), (IPV4, ICMP), (ARP, None), (ARP, None), (IPV6, None),
          (IPV6, TCP), (IPV6, UDP), (IPV6, ICMPV6))


def header(field, masked=False):
    number, bits = FIELDS[field][:2]
    return number << 9 | masked << 8 | (bits // 8 << masked)


def fits(field, layer):
    _, _, types, protocols = FIELDS[field]
    return (not types or layer[0] in types) and (not protocols or layer[1] in protocols)


class Draw:
    def __init__(self, random, frames, options):
        self.random, self.frames, self.options = random, frames, options

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def entry(self, field, value):
        return struct.pack("!I", header(field)) + value.to_bytes(FIELDS[field][1] // 8, "big")

    def match(self, layer):
        out = b""
        if self.chance(15):
            out += self.entry("in_port", self.random.choice((1, 2, 3, 50)))
        if layer[0]:
            out += self.entry("eth_type", layer[0])
        if layer[1]:
            out += self.entry("ip_proto", layer[1])
        if layer[0] == ARP and self.chance(30):
            out += self.entry("arp_op", self.random.choice((0, 1, 2, 3, 4, 255)))
        if self.chance(10):
            out += self.entry("reg0", self.random.choice((0, 1, 2)))
        return out

    def field(self, layer, writable):
        names = [f for f in FIELDS if (self.chance(self.options["odd"]) or fits(f, layer))
                 and (not writable or f in WRITABLE or self.chance(self.options["unwritable"]))]
        return self.random.choice(names)

    def range(self, field, other=None):
        bits = min(FIELDS[f][1] for f in (field, other) if f)
        count = self.random.choice((bits, bits, self.random.randint(1, bits)))
        if self.chance(self.options["wrong"] / 2):
            count = self.random.choice((0, bits + 1))

        def place(name):
            last = max(0, FIELDS[name][1] - count)
            return self.random.choice((0, last, self.random.randint(0, last)))

        return count, place(field), place(other) if other else 0

    def move(self, layer):
        source, target = self.field(layer, False), self.field(layer, True)
        count, at, to = self.range(source, target)
        return self.nicira(6, struct.pack("!HHHII", count, at, to, header(source), header(target)))

    def load(self, layer):
        target = self.field(layer, True)
        count, to, _ = self.range(target)
        count = min(max(count, 1), 64)
        value = self.random.getrandbits(count)
        if self.chance(self.options["wrong"] / 3) and count < 64:
            value |= 1 << count
        return self.nicira(7, struct.pack("!HIQ", to << 6 | (count - 1), header(target), value))

    def nicira(self, subtype, body, vendor=switch.VENDOR):
        return struct.pack("!HHIH", 0xFFFF, 10 + len(body), vendor, subtype) + body

    def plain(self):
        r = self.random
        return r.choice((
            lambda: struct.pack("!HHHH", 1, 8, r.randint(0, 4095), 0),
            lambda: struct.pack("!HHB3x", 2, 8, r.randint(0, 7)),
            lambda: struct.pack("!HH4x", 3, 8),
            lambda: struct.pack("!HH6s6x", r.choice((4, 5)), 16, bytes((2, 0, 0, 0, 0, r.randint(1, 9)))),
            lambda: struct.pack("!HHI", r.choice((6, 7)), 8, r.choice((0x0A000001, 0xC0A80101, 1))),
            lambda: struct.pack("!HHB3x", 8, 8, 4 * r.randint(0, 63)),
            lambda: struct.pack("!HHH2x", r.choice((9, 10)), 8, r.choice((0, 53, 80, 0xFFFF))),
            lambda: struct.pack("!HHH6xI", 11, 16, r.choice((1, 2, 0xFFF8, 0xFFFE)), r.randint(0, 2)),
        ))()

    def harmless(self):
        r = self.random
        return r.choice((
            lambda: self.nicira(2, struct.pack("!2xI", r.getrandbits(32))),
            lambda: self.nicira(9, struct.pack("!6xQ", r.getrandbits(64))),
            lambda: self.nicira(4, struct.pack("!2xI", r.randint(0, 2))),
            lambda: self.nicira(5, bytes(6)),
            lambda: self.nicira(8, r.randbytes(6)),
            lambda: self.nicira(1, struct.pack("!H4x", r.choice((1, 2, 50, 0xFFF8)))),
            lambda: self.nicira(14, struct.pack("!HB3x", r.choice((1, 50, 0xFFF8)), r.choice((0, 1, 2, 255)))),
        ))()

    def wrong(self):
        """Wrong for one reason, whatever the match."""
        r = self.random
        return r.choice((
            lambda: self.nicira(r.choice(self.options["unknown"]), bytes(r.choice((6, 14)))),
            lambda: self.nicira(r.choice((0, 3, 6, 200)), bytes(6), vendor=r.choice((0x1234, 0x2321))),
            lambda: struct.pack("!HHI", 0xFFFF, 8, r.choice((switch.VENDOR, 0x1234))),
            lambda: self.nicira(r.choice((1, 2, 4, 5, 6, 7, 9, 14)), bytes(r.choice((6, 14, 22)))),
            lambda: struct.pack("!HHHH", 0, r.choice((8, 16, 7, 0, 24)), r.choice((1, 0xFF00, 0xFFFF)), 0),
            lambda: struct.pack("!HHHH", 1, 8, 4096, 0),
            lambda: struct.pack("!HHB3x", r.choice((2, 8)), 8, r.choice((8, 9, 255))),
            lambda: struct.pack("!HH4x", r.choice((12, 13, 20, 0xFFFE)), 8),
            lambda: self.nicira(14, struct.pack("!HBBBB", 1, 0, 1, 0, 0)),
        ))()

    def action(self, layer):
        if self.chance(self.options["wrong"]):
            return self.wrong()
        kind = self.random.random()
        if kind < 0.28:
            return self.move(layer)
        if kind < 0.5:
            return self.load(layer)
        if kind < 0.7:
            return self.plain()
        if kind < 0.85:
            return self.harmless()
        return switch.output(switch.CONTROLLER)

    def scenario(self, name):
        layer = self.random.choice(LAYERS)
        table_ids = self.chance(20)
        rules = []
        for i in range(self.random.randint(2, 6)):
            about = layer if self.chance(80) else self.random.choice(LAYERS)
            actions = b"".join(self.action(about) for _ in range(self.random.randint(1, 5)))
            if self.chance(85):
                actions += switch.output(switch.CONTROLLER)
            command = (self.random.choice((0, 0, 1, 2)) << 8 if table_ids else 0) | switch.ADD
            cookie = self.random.getrandbits(32) << 8 | i + 1
            rules.append(switch.nx_flow_mod(self.match(about), actions, cookie, 1000 + 10 * i, command, 1000 + i))
        return {"id": name, "table_id_ext": table_ids, "rules": rules,
                "packets": [(self.random.choice((1, 2, 3)), self.frame(layer)) for _ in range(8)]}

    def frame(self, layer):
        frame = bytearray(self.random.choice(self.frames[layer if self.chance(85) else self.random.choice(LAYERS)]))
        if layer[0] == ARP and frame[12:14] == b"\x08\x06" and len(frame) >= 42 and self.chance(50):
            frame[20:22] = struct.pack("!H", self.random.choice((0, 1, 2, 3, 4, 5, 255, 256, 257, 513)))
        return bytes(frame)


def layer_of(frame):
    at = 12
    if frame[at : at + 2] == b"\x81\x00":
        at += 4
    if len(frame) < at + 2:
        return (None, None)
    kind = int.from_bytes(frame[at : at + 2], "big")
    if kind == IPV4 and len(frame) > at + 11:
        protocol = frame[at + 11]
        return (IPV4, protocol if protocol in (TCP, UDP, ICMP) else None)
    if kind == IPV6 and len(frame) > at + 8:
        protocol = frame[at + 8]
        return (IPV6, protocol if protocol in (TCP, UDP, ICMPV6) else None)
    return (kind if kind in (ARP, IPV4, IPV6) else None, None)
