"""What the scripted controller says, one function per session; see controller.py."""

import random
import struct

EXACT_MASKS = {8: "10.0.0.0", 16: "10.1.0.0", 24: "10.1.2.0", 32: "10.1.2.3"}
MACS = [f"02:00:00:00:00:0{n}" for n in range(1, 4)]


def introduce(s):
    """What most controllers ask first; the judge takes descriptions and table names from the answers."""
    s.send(s.parser.OFPFeaturesRequest(s.datapath))
    s.send(s.parser.OFPDescStatsRequest(s.datapath, 0))
    s.send(s.parser.OFPTableStatsRequest(s.datapath, 0))
    s.send(s.parser.OFPGetConfigRequest(s.datapath))
    s.barrier()


def random_fields(rng):
    """A match from a small universe, in which many cover or overlap each other."""
    fields = {}
    if rng.random() < 0.4:
        fields["in_port"] = rng.randint(1, 3)
    if rng.random() < 0.3:
        fields["dl_dst"] = rng.choice(MACS)
    if rng.random() < 0.2:
        fields["dl_src"] = rng.choice(MACS)
    if rng.random() < 0.2:
        fields["dl_vlan"] = rng.choice([0xFFFF, 5, 6])
        if fields["dl_vlan"] != 0xFFFF and rng.random() < 0.5:
            fields["dl_vlan_pcp"] = rng.choice([0, 3])
    kind = rng.random()
    if kind < 0.15:
        fields["dl_type"] = 0x0806
        if rng.random() < 0.5:
            fields["nw_proto"] = rng.choice([1, 2])
    elif kind < 0.7:
        fields["dl_type"] = 0x0800
        if rng.random() < 0.5:
            fields["nw_proto"] = rng.choice([1, 6, 17])
            if rng.random() < 0.5:
                fields["tp_dst"] = rng.choice([0, 80, 443]) if fields["nw_proto"] != 1 else rng.choice([0, 1])
            if rng.random() < 0.2:
                fields["tp_src"] = rng.choice([1024, 2048]) if fields["nw_proto"] != 1 else rng.choice([0, 8])
        if rng.random() < 0.2:
            fields["nw_tos"] = rng.choice([0, 32])
    elif kind < 0.8:
        fields.update(dl_type=0x0806, nw_tos=32, tp_dst=80)  # the last two are to be normalized away
    if fields.get("dl_type") and rng.random() < 0.6:
        bits = rng.choice([8, 16, 24, 32])
        fields["nw_dst"] = EXACT_MASKS[bits]
        fields["nw_dst_mask"] = bits
    if fields.get("dl_type") and rng.random() < 0.2:
        bits = rng.choice([16, 32])
        fields["nw_src"] = EXACT_MASKS[bits]
        fields["nw_src_mask"] = bits
    return fields


def random_match(s, rng):
    return s.parser.OFPMatch(**random_fields(rng))


def random_actions(s, rng):
    p, o = s.parser, s.ofp
    makers = [
        lambda: p.OFPActionOutput(rng.randint(1, 3)),
        lambda: p.OFPActionOutput(o.OFPP_CONTROLLER, rng.choice([64, 128, 0xFFFF])),
        lambda: p.OFPActionOutput(rng.choice([o.OFPP_FLOOD, o.OFPP_ALL, o.OFPP_IN_PORT, o.OFPP_LOCAL, o.OFPP_NORMAL])),
        lambda: p.OFPActionVlanVid(rng.choice([5, 6])),
        lambda: p.OFPActionVlanPcp(rng.choice([0, 3])),
        lambda: p.OFPActionStripVlan(),
        lambda: p.OFPActionSetDlSrc(rng.choice(MACS)),
        lambda: p.OFPActionSetDlDst(rng.choice(MACS)),
        lambda: p.OFPActionSetNwSrc("10.9.9.9"),
        lambda: p.OFPActionSetNwDst("10.9.9.9"),
        lambda: p.OFPActionSetNwTos(rng.choice([0, 32])),
        lambda: p.OFPActionSetTpSrc(7),
        lambda: p.OFPActionSetTpDst(8),
    ]
    return [rng.choice(makers)() for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3]))]


def flow_mod(s, rng, command, match=None, priority=None, flags=0, out_port=None, **more):
    s.send(s.parser.OFPFlowMod(s.datapath, match if match is not None else random_match(s, rng),
                               cookie=rng.getrandbits(16), command=command,
                               priority=priority if priority is not None else rng.choice([1, 100, 100, 0x8000]),
                               out_port=out_port if out_port is not None else s.ofp.OFPP_NONE, flags=flags,
                               actions=more.pop("actions", random_actions(s, rng)), **more))


def flow_stats(s, match=None, table_id=0xFF, out_port=None):
    s.send(s.parser.OFPFlowStatsRequest(s.datapath, 0, match or s.parser.OFPMatch(), table_id,
                                        s.ofp.OFPP_NONE if out_port is None else out_port))


def aggregate(s, match=None, table_id=0xFF, out_port=None):
    s.send(s.parser.OFPAggregateStatsRequest(s.datapath, 0, match or s.parser.OFPMatch(), table_id,
                                             s.ofp.OFPP_NONE if out_port is None else out_port))


def churn(s):
    """All five commands at random, statistics in between."""
    rng, o = random.Random(1), s.ofp
    for i in range(500):
        commands = [o.OFPFC_ADD, o.OFPFC_MODIFY, o.OFPFC_MODIFY_STRICT, o.OFPFC_DELETE, o.OFPFC_DELETE_STRICT]
        command = rng.choices(commands, [60, 10, 15, 5, 10])[0]
        flow_mod(s, rng, command, flags=rng.choice([0, 0, o.OFPFF_SEND_FLOW_REM]))
        if i % 40 == 39:
            flow_stats(s)
            aggregate(s, random_match(s, rng))
            s.barrier()
    flow_stats(s)


def strict_and_loose(s):
    """A table of related flows, then strict and loose modifications and deletions that touch one, many or none."""
    rng, o, p = random.Random(2), s.ofp, s.parser
    for round_ in range(8):
        for bits, address in EXACT_MASKS.items():
            for priority in (10, 20):
                flow_mod(s, rng, o.OFPFC_ADD, p.OFPMatch(dl_type=0x0800, nw_dst=address, nw_dst_mask=bits), priority)
        s.barrier()
        for _ in range(20):
            bits = rng.choice(list(EXACT_MASKS))
            match = p.OFPMatch(dl_type=0x0800, nw_dst=EXACT_MASKS[bits], nw_dst_mask=bits)
            command = rng.choices([o.OFPFC_MODIFY, o.OFPFC_MODIFY_STRICT, o.OFPFC_DELETE, o.OFPFC_DELETE_STRICT],
                                  [4, 4, 2, 4])[0]
            out_port = rng.choice([None, None, 1, 2]) if command >= o.OFPFC_DELETE else None
            flow_mod(s, rng, command, match, rng.choice([10, 20]), rng.choice([0, o.OFPFF_SEND_FLOW_REM]), out_port)
            flow_stats(s, match if rng.random() < 0.5 else None, out_port=out_port)
        aggregate(s)
        s.barrier()
    # A loose request for nothing but a field that is normalized away means every flow; Open vSwitch of today spares
    # those that ask for nothing but the port. Afterwards both are empty.
    flow_mod(s, rng, o.OFPFC_DELETE, p.OFPMatch())
    flow_mod(s, rng, o.OFPFC_ADD, p.OFPMatch(in_port=1), 5)
    flow_mod(s, rng, o.OFPFC_ADD, p.OFPMatch(dl_type=0x0800), 5)
    flow_mod(s, rng, o.OFPFC_DELETE, p.OFPMatch(nw_proto=6), 5)
    flow_stats(s)
    flow_mod(s, rng, o.OFPFC_DELETE, p.OFPMatch(), 5)
    flow_stats(s)
    s.barrier()


def overlaps(s):
    """Adds that ask for the overlap check, over matches that cover, cross or miss each other.

    No flow is added a second time: Open vSwitch of today replaces an identical flow, that of 2011 refuses it. Once it
    is asked to, with a flow that is then the same on both.
    """
    rng, o, p = random.Random(3), s.ofp, s.parser
    used = set()
    for i in range(300):
        if rng.random() < 0.12:
            flow_mod(s, rng, rng.choice([o.OFPFC_DELETE, o.OFPFC_DELETE_STRICT]))
        else:
            fields, priority = random_fields(rng), rng.choice([1, 100, 200, 300])
            if fields.get("dl_type") == 0x0806:
                fields = {k: v for k, v in fields.items() if k not in ("nw_tos", "tp_dst")}
            key = (priority, *sorted(fields.items()))
            if key in used:
                continue
            used.add(key)
            flow_mod(s, rng, o.OFPFC_ADD, p.OFPMatch(**fields), priority, o.OFPFF_CHECK_OVERLAP)
        if i % 10 == 9:
            flow_stats(s)
            s.barrier()
    for _ in range(2):
        s.send(p.OFPFlowMod(s.datapath, p.OFPMatch(dl_type=0x88CC), cookie=1, command=o.OFPFC_ADD, priority=7,
                            flags=o.OFPFF_CHECK_OVERLAP, actions=[p.OFPActionOutput(1)]))
    flow_stats(s)


def replacements(s):
    """The same few flows added over and over: each replaces its predecessor, with new actions, cookie and counters."""
    rng, o, p = random.Random(4), s.ofp, s.parser
    matches = [p.OFPMatch(), p.OFPMatch(in_port=1), p.OFPMatch(dl_type=0x0800, nw_dst="10.1.2.3"),
               p.OFPMatch(dl_vlan=5)]
    for i in range(300):
        flow_mod(s, rng, o.OFPFC_ADD, matches[rng.randrange(len(matches))], rng.choice([1, 2, 3]),
                 rng.choice([0, o.OFPFF_SEND_FLOW_REM]))
        if i % 7 == 6:
            flow_stats(s, rng.choice(matches))
        if i % 30 == 29:
            s.barrier()
    flow_mod(s, rng, o.OFPFC_DELETE, p.OFPMatch())


def pipelined(s):
    """Long bursts without a pause: messages share segments and are cut by them."""
    rng, o = random.Random(5), s.ofp
    for _ in range(5):
        for _ in range(120):
            flow_mod(s, rng, rng.choice([o.OFPFC_ADD] * 5 + [o.OFPFC_MODIFY, o.OFPFC_DELETE_STRICT]))
        flow_stats(s)
        s.barrier()
    flow_mod(s, rng, o.OFPFC_DELETE, s.parser.OFPMatch())


def flow_mod_body(command=0, flags=0, actions=b"", priority=7, hard_timeout=0):
    match = struct.pack("!IH6s6sHBxHBBxxIIHH", 0x3FFFFF, 0, b"", b"", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    rest = struct.pack("!QHHHHIHH", 0xC0, command, 0, hard_timeout, priority, 0xFFFFFFFF, 0xFFFF, flags)
    return match + rest + actions


def errors(s):
    """Everything that a switch has to refuse."""
    o = s.ofp
    output = struct.pack("!HHHH", 0, 8, 1, 0)
    for round_ in range(2):
        # Messages of the wrong length, of unknown types, and those that only a switch sends.
        for type_, body in [(5, b"\0" * 4), (7, b"\0"), (9, b""), (9, b"\0" * 8), (18, b"\0" * 8), (13, b"\0" * 4),
                            (14, b"\0" * 32), (14, b"\0" * 63), (16, b""), (16, b"\0\0"), (15, b"\0" * 8)]:
            s.send_bytes(type_, body)
        for type_ in (22, 40, 99, 255):
            s.send_bytes(type_, b"")
        for type_, size in [(6, 24), (8, 4), (19, 0), (10, 12), (11, 80), (12, 56)]:
            s.send_bytes(type_, b"\0" * size)
        # Statistics: unknown type, wrong lengths.
        for stats, size in [(6, 0), (0x1234, 8), (0, 4), (1, 43), (1, 45), (2, 0), (3, 1)]:
            s.send_bytes(16, struct.pack("!HH", stats, 0) + b"\0" * size)
        # Vendor messages: none of ours, and subtypes that do not exist.
        s.send_bytes(4, struct.pack("!I", 0x00C0FFEE) + b"\0" * 4)
        s.send_bytes(4, b"")
        s.send_bytes(4, struct.pack("!II", 0x2320, 0xEEEE))
        s.send_bytes(16, struct.pack("!HHI", 0xFFFF, 0, 0x00C0FFEE) + b"\0" * 4)
        # Flow-mods: commands, actions.
        for command in (5, 6, 255):
            s.send_bytes(14, flow_mod_body(command, actions=output))
        bad_actions = [
            struct.pack("!HHI", 12, 8, 0),             # an unknown action
            struct.pack("!HHI", 0x7777, 8, 0),
            struct.pack("!HHHH", 0, 16, 1, 0) + b"\0" * 8,  # output of 16 bytes
            struct.pack("!HHHH", 0, 0, 1, 0),          # length 0
            struct.pack("!HHHH", 0, 4, 1, 0),          # length below 8
            struct.pack("!HHHH", 0, 12, 1, 0),         # length no multiple of 8
            struct.pack("!HHHH", 0, 24, 1, 0),         # beyond the message
            struct.pack("!HHII", 0xFFFF, 8, 0x00C0FFEE, 0)[:8],  # a vendor nobody knows
            struct.pack("!HHHH", 0, 8, 0xFFFF, 0),     # output to OFPP_NONE
            struct.pack("!HHHH", 0, 8, 0xFF50, 0),     # a reserved port without a meaning
            output + struct.pack("!HHI", 12, 8, 0),
        ]
        for actions in bad_actions:
            for command in (o.OFPFC_ADD, o.OFPFC_MODIFY_STRICT):
                s.send_bytes(14, flow_mod_body(command, actions=actions))
        s.send_bytes(14, flow_mod_body(actions=output + b"\0" * 4))  # half an action
        s.send_bytes(14, flow_mod_body(o.OFPFC_ADD, flags=4, actions=output, priority=30))  # emergency
        s.send_bytes(14, flow_mod_body(o.OFPFC_ADD, flags=4, actions=output, priority=30, hard_timeout=9))
        s.send_bytes(14, flow_mod_body(o.OFPFC_DELETE_STRICT, flags=0x10, priority=31))  # undefined flag, no such flow
        # Packet-outs.
        frame = bytes.fromhex("020000000002020000000001") + b"\x08\x00" + b"\0" * 46
        for buffer_id, actions in [(0xFFFFFFFF, bad_actions[0]), (0xFFFFFFFF, bad_actions[3]), (0x12345678, output)]:
            s.send_bytes(13, struct.pack("!IHH", buffer_id, 0xFFFF, len(actions)) + actions + frame)
        s.send_bytes(13, struct.pack("!IHH", 0xFFFFFFFF, 0xFFFF, 64) + output)  # actions beyond the message
        # A flow that the refusals must not have harmed.
        s.send_bytes(14, flow_mod_body(o.OFPFC_ADD, actions=output, priority=77 + round_))
        flow_stats(s)
        s.barrier()
        s.send_bytes(2, b"are you there")  # echo
        s.barrier()


def ethernet(src, dst, ethertype, payload=b"", vlan=None):
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return bytes.fromhex(dst.replace(":", "") + src.replace(":", "")) + tag + struct.pack("!H", ethertype) + payload


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def ipv4(src, dst, proto, payload, tos=0):
    def header(check):
        return struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 1, 0, 64, proto, check,
                           bytes(map(int, src.split("."))), bytes(map(int, dst.split("."))))
    return header(checksum(header(0))) + payload


def udp(src_port, dst_port, data=b"sixteen bytes of"):
    return struct.pack("!HHHH", src_port, dst_port, 8 + len(data), 0) + data


def tcp(src_port, dst_port):
    return struct.pack("!HHIIBBHHH", src_port, dst_port, 1, 0, 0x50, 2, 8192, 0, 0)


def arp(opcode, src, spa, tpa):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, opcode) + bytes.fromhex(src.replace(":", "")) + \
        bytes(map(int, spa.split("."))) + b"\0" * 6 + bytes(map(int, tpa.split(".")))


def random_frame(rng):
    src, dst = rng.choice(MACS), rng.choice(MACS)
    vlan = rng.choice([None, None, None, 5, 0x6005])
    if rng.random() < 0.2:
        return ethernet(src, dst, 0x0806, arp(rng.choice([1, 2]), src, "10.1.2.9", "10.1.2.3") + b"\0" * 18, vlan)
    address = rng.choice(["10.1.2.3", "10.1.2.4", "10.1.9.9", "10.7.7.7", "192.168.0.1"])
    proto = rng.choice([1, 6, 17])
    body = {1: lambda: struct.pack("!BBHI", rng.choice([0, 8]), 0, 0, 0) + b"ping" * 6,
            6: lambda: tcp(rng.choice([1024, 2048]), rng.choice([80, 443])) + b"\0" * 6,
            17: lambda: udp(rng.choice([1024, 2048]), rng.choice([80, 443]))}[proto]()
    return ethernet(src, dst, 0x0800, ipv4("10.1.2.3", address, proto, body, rng.choice([0, 32])), vlan)


def packet_outs(s):
    """Packets through the table and straight to ports and to the controller; counters are read in between."""
    rng, o, p = random.Random(6), s.ofp, s.parser
    s.send(p.OFPSetConfig(s.datapath, o.OFPC_FRAG_NORMAL, 0xFFFF))
    for i in range(24):  # every priority once: which flow a packet meets is no question
        actions = [p.OFPActionOutput(rng.randint(1, 3))]
        if i % 3 == 0:
            actions.append(p.OFPActionOutput(o.OFPP_CONTROLLER, 0xFFFF))
        flow_mod(s, rng, o.OFPFC_ADD, priority=1000 + i, actions=actions)
    s.barrier()
    for i in range(120):
        frame = random_frame(rng)
        target = rng.choices([o.OFPP_TABLE, o.OFPP_CONTROLLER, o.OFPP_FLOOD, 1, 2], [8, 2, 1, 1, 1])[0]
        in_port = rng.choice([1, 2, 3]) if target == o.OFPP_TABLE else rng.choice([1, 2, o.OFPP_NONE])
        s.send(p.OFPPacketOut(s.datapath, o.OFP_NO_BUFFER, in_port, [p.OFPActionOutput(target, 0xFFFF)], frame))
        if i % 8 == 7:
            s.barrier()
            s.sleep(0.05)
            flow_stats(s)
            aggregate(s, random_match(s, rng))
            s.barrier()
    flow_mod(s, rng, o.OFPFC_DELETE, p.OFPMatch())
    s.barrier()


def table_for_frames(s):
    """Flows for frames that arrive later, each with a priority of its own."""
    rng, o, p = random.Random(9), s.ofp, s.parser
    s.send(p.OFPSetConfig(s.datapath, o.OFPC_FRAG_NORMAL, 0xFFFF))
    for i in range(24):
        actions = [a for a in random_actions(s, rng) if a.type != o.OFPAT_OUTPUT]
        actions.append(p.OFPActionOutput(rng.randint(1, 3)))
        if i % 4 == 0:
            actions.append(p.OFPActionOutput(o.OFPP_CONTROLLER, 0xFFFF))
        fields = random_fields(rng)
        if fields:
            flow_mod(s, rng, o.OFPFC_ADD, p.OFPMatch(**fields), 1000 + i, o.OFPFF_SEND_FLOW_REM, actions=actions)
    s.barrier()


def few_flows(s):
    """Some flows and a look at all of them; played again by every new session of the controller."""
    rng, o = random.Random(10), s.ofp
    for _ in range(12):
        flow_mod(s, rng, o.OFPFC_ADD, flags=o.OFPFF_SEND_FLOW_REM)
    flow_stats(s)


def rewriting(s):
    """Each flow rewrites packets in its own way and shows the result to the controller."""
    rng, o, p = random.Random(7), s.ofp, s.parser
    s.send(p.OFPSetConfig(s.datapath, o.OFPC_FRAG_NORMAL, 0xFFFF))
    for i in range(40):
        actions = [a for a in random_actions(s, rng) if a.type != o.OFPAT_OUTPUT]
        actions += [p.OFPActionOutput(o.OFPP_CONTROLLER, 0xFFFF)]
        flow_mod(s, rng, o.OFPFC_ADD, p.OFPMatch(in_port=1), 50, actions=actions)
        frame = random_frame(rng)
        s.send(p.OFPPacketOut(s.datapath, o.OFP_NO_BUFFER, 1, [p.OFPActionOutput(o.OFPP_TABLE)], frame))
        s.barrier()
    flow_stats(s)
    s.sleep(0.1)


def configuration(s):
    """Settings, echoes of every size, barriers in a row, features again and again."""
    rng, o, p = random.Random(8), s.ofp, s.parser
    for i in range(40):
        s.send(p.OFPSetConfig(s.datapath, rng.choice([0, 1]), rng.choice([0, 64, 128, 1500, 0xFFFF])))
        s.send(p.OFPGetConfigRequest(s.datapath))
        s.send_bytes(2, rng.randbytes(rng.choice([0, 1, 7, 64, 600])))
        if i % 4 == 0:
            s.send(p.OFPFeaturesRequest(s.datapath))
        if i % 5 == 0:
            s.send(p.OFPDescStatsRequest(s.datapath, 0))
        if i % 10 == 0:
            s.send(p.OFPTableStatsRequest(s.datapath, 0))
        s.send(p.OFPBarrierRequest(s.datapath))
        s.send(p.OFPBarrierRequest(s.datapath))
    s.barrier()


PLAYS = {f.__name__: f for f in (churn, strict_and_loose, overlaps, replacements, pipelined, errors, packet_outs,
                                 table_for_frames, few_flows, rewriting, configuration)}
