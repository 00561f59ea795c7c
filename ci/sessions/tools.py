"""The sessions, one function each: what ovs-ofctl is told to do, which controller is started, which frames arrive."""

import functools
import itertools
import random
import time

import plays

NETS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3"]


def introduce(session):
    session.switch.listen()
    time.sleep(0.2)
    for command in ("show", "dump-desc", "dump-tables"):
        session.ofctl(command, "SWITCH")


def ofctl_basics(session):
    """One command after the other, each on a connection of its own: what an operator types."""
    introduce(session)
    run = session.ofctl
    for command in ("probe", "get-frags", "ping"):
        run(command, "SWITCH")
    for mode in ("drop", "normal"):
        run("set-frags", "SWITCH", mode)
    flows = ["priority=1 actions=NORMAL", "priority=10,in_port=1 actions=output:2",
             "priority=10,in_port=2 actions=output:1",
             "priority=20,arp actions=FLOOD", "priority=20,ip,nw_dst=10.1.0.0/16 actions=output:3",
             "priority=21,tcp,nw_dst=10.1.2.3,tp_dst=80,cookie=0x50 actions=mod_nw_dst:10.9.9.9,output:3",
             "priority=22,udp,tp_src=53 actions=mod_vlan_vid:7,output:2",
             "priority=23,icmp,icmp_type=8 actions=CONTROLLER:128",
             "priority=24,dl_vlan=5 actions=strip_vlan,output:1", "priority=25,dl_vlan=0xffff actions=drop",
             "priority=26,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02 actions=IN_PORT"]
    for flow in flows:
        run("add-flow", "SWITCH", flow)
    for query in ("", "ip", "tcp,nw_dst=10.1.2.3", "in_port=1", "table=0", "table=7", "out_port=2", "arp,out_port=3"):
        run("dump-flows", "SWITCH", query)
        run("dump-aggregate", "SWITCH", query)
    run("add-flow", "SWITCH", "priority=10,in_port=1 actions=output:3")  # replaces
    run("mod-flows", "SWITCH", "ip actions=output:1")
    run("dump-flows", "SWITCH")
    run("--strict", "mod-flows", "SWITCH", "priority=20,arp actions=output:1,output:2")
    run("--strict", "mod-flows", "SWITCH", "priority=19,arp actions=output:3")  # no such flow: adds
    run("mod-flows", "SWITCH", "ip,nw_tos=32 actions=output:3")
    run("dump-flows", "SWITCH")
    run("--strict", "del-flows", "SWITCH", "priority=5,arp")  # none
    run("--strict", "del-flows", "SWITCH", "priority=19,arp")
    run("del-flows", "SWITCH", "out_port=2")
    run("dump-flows", "SWITCH")
    run("del-flows", "SWITCH", "ip")
    run("dump-tables", "SWITCH")
    run("del-flows", "SWITCH")
    run("dump-aggregate", "SWITCH")


def flow_file(count, step):
    out = []
    for n in range(count):
        match = f"ip,nw_dst=10.{n % 7}.{n % 11}.{n}"
        out.append(f"priority={n % 5 + 1},cookie={n * step:#x},{match} actions=output:{n * step % 3 + 1}")
    return "\n".join(out) + "\n"


def ofctl_files(session):
    """Flow tables loaded from files, compared, replaced."""
    introduce(session)
    run = session.ofctl
    run("add-flows", "SWITCH", "-", stdin=flow_file(150, 1))
    run("dump-flows", "SWITCH")
    run("add-flows", "SWITCH", "-", stdin=flow_file(40, 2))  # replaces some
    run("diff-flows", "SWITCH", "-", stdin=flow_file(150, 1), check=False)
    run("replace-flows", "SWITCH", "-", stdin=flow_file(100, 3))
    run("dump-aggregate", "SWITCH", "ip,nw_dst=10.0.0.0/16")
    mixed = "\n".join(["delete ip,nw_dst=10.1.0.0/16", "add priority=9,arp actions=FLOOD",
                       "modify ip,nw_dst=10.2.0.0/16 actions=drop", "modify_strict priority=9,arp actions=output:1",
                       "delete_strict priority=9,arp",
                       "add priority=9,arp actions=output:2"]) + "\n"
    run("add-flows", "SWITCH", "-", stdin=mixed)
    run("dump-flows", "SWITCH")
    run("del-flows", "SWITCH", "-", stdin="".join(f"ip,nw_dst=10.{n}.0.0/16\n" for n in range(3, 6)))
    run("dump-flows", "SWITCH")


def ofctl_errors(session):
    """Commands that the switch refuses."""
    introduce(session)
    run = functools.partial(session.ofctl, check=False)
    for priority, net in itertools.product((1, 2), NETS):
        run("add-flow", "SWITCH", f"check_overlap,priority={priority},ip,nw_dst={net} actions=output:1")
    run("add-flow", "SWITCH", "check_overlap,priority=1,ip,nw_dst=192.168.0.0/16 actions=output:1")
    run("add-flow", "SWITCH", "check_overlap,priority=1,ip,nw_src=192.168.0.0/16 actions=output:1")
    run("add-flow", "SWITCH", "check_overlap,priority=1,arp actions=output:1")
    run("add-flow", "SWITCH", "priority=3,ip,nw_dst=10.1.2.3 actions=output:1")
    run("dump-flows", "SWITCH")
    run("add-flow", "SWITCH", "send_flow_rem,priority=4 actions=output:9")  # a port that is not there
    run("packet-out", "SWITCH", "in_port=NONE packet=020000000002020000000001080000 actions=output:2")
    run("packet-out", "SWITCH", "in_port=NONE packet=0200000000020200000000010800" + "00" * 46 + " actions=output:2")
    run("dump-flows", "SWITCH")
    run("del-flows", "SWITCH")


def monitor(session):
    """A tool listens while others change the table: flow-removed and packet-in messages."""
    introduce(session)
    watcher = session.start_ofctl("-P", "openflow10", "monitor", "SWITCH", "1500")
    time.sleep(0.5)
    run = session.ofctl
    try:
        for n in range(1, 13):
            match = f"send_flow_rem,priority={n},cookie={n},in_port={n % 3 + 1}"
            run("add-flow", "SWITCH", f"{match} actions=output:{n % 2 + 1}")
        run("add-flow", "SWITCH", "priority=30,arp actions=CONTROLLER:64,output:1")
        run("add-flow", "SWITCH", "priority=29,ip actions=CONTROLLER")
        run("--strict", "del-flows", "SWITCH", "priority=3,in_port=1")
        run("del-flows", "SWITCH", "in_port=2")
        packet = plays.ipv4("10.1.2.3", "10.1.2.4", 17, plays.udp(1, 2))
        frame = plays.ethernet(plays.MACS[0], plays.MACS[1], 0x0800, packet)
        for actions in ("CONTROLLER", "TABLE", "output:1"):
            run("packet-out", "SWITCH", f"in_port=1 packet={frame.hex()} actions={actions}")
            time.sleep(0.2)
        run("dump-flows", "SWITCH")
        run("del-flows", "SWITCH")
        time.sleep(0.3)
    finally:
        watcher.terminate()
        watcher.wait()


def expiry(session):
    """Flows that time out, while a tool listens for flow-removed messages."""
    introduce(session)
    watcher = session.start_ofctl("-P", "openflow10", "monitor", "SWITCH", "64")
    time.sleep(0.5)
    try:
        session.ofctl("add-flow", "SWITCH", "send_flow_rem,hard_timeout=1,priority=5,in_port=1 actions=output:2")
        session.ofctl("add-flow", "SWITCH", "send_flow_rem,idle_timeout=2,priority=6,in_port=2 actions=output:1")
        session.ofctl("add-flow", "SWITCH",
                      "send_flow_rem,hard_timeout=3,idle_timeout=60,priority=7,arp actions=output:1")
        session.ofctl("add-flow", "SWITCH", "send_flow_rem,hard_timeout=100,priority=8,ip actions=output:3")
        session.ofctl("dump-flows", "SWITCH")
        time.sleep(5.5)
        session.ofctl("dump-flows", "SWITCH")
        session.ofctl("del-flows", "SWITCH")
        time.sleep(0.3)
    finally:
        watcher.terminate()
        watcher.wait()


def conversation(hosts, rounds):
    """Frames of hosts that ask for each other by ARP and then talk: (port, frame)."""
    for n in range(rounds):
        (port_a, mac_a, ip_a), (port_b, mac_b, ip_b) = [hosts[(n + k) % len(hosts)] for k in (0, 1)]
        yield port_a, plays.ethernet(mac_a, "ff:ff:ff:ff:ff:ff", 0x0806, plays.arp(1, mac_a, ip_a, ip_b) + b"\0" * 18)
        yield port_b, plays.ethernet(mac_b, mac_a, 0x0806, plays.arp(2, mac_b, ip_b, ip_a) + b"\0" * 18)
        for k in range(3):
            yield port_a, plays.ethernet(mac_a, mac_b, 0x0800, plays.ipv4(ip_a, ip_b, 17, plays.udp(1000 + n, 53 + k)))
            yield port_b, plays.ethernet(mac_b, mac_a, 0x0800, plays.ipv4(ip_b, ip_a, 17, plays.udp(53 + k, 1000 + n)))


HOSTS = [(1, plays.MACS[0], "10.1.2.1"), (2, plays.MACS[1], "10.1.2.2"), (3, plays.MACS[2], "10.1.2.3")]


def learning_switch(session):
    """A learning-switch application of os-ken; three hosts talk, one moves; statistics are read through a tool."""
    done = session.start_controller("learning_switch.py", listen=True)
    session.wait_done(done)
    session.ofctl("show", "SWITCH")
    for port, frame in conversation(HOSTS, 4):
        session.inject(port, frame)
    session.switch.settle_counters()
    session.ofctl("dump-flows", "SWITCH")
    session.ofctl("dump-aggregate", "SWITCH")
    moved = [(2, plays.MACS[0], "10.1.2.1"), (1, plays.MACS[1], "10.1.2.2"), HOSTS[2]]
    for port, frame in conversation(moved, 3):
        session.inject(port, frame)
    session.switch.settle_counters()
    session.ofctl("dump-flows", "SWITCH")
    session.ofctl("dump-tables", "SWITCH")
    session.ofctl("del-flows", "SWITCH")
    time.sleep(0.3)


def frames(session):
    """Frames of many kinds meet a table; what no flow takes goes to the controller."""
    done = session.start_controller("controller.py", "table_for_frames", listen=True)
    session.wait_done(done)
    rng = random.Random(11)
    for n in range(60):
        session.inject(rng.randint(1, 3), plays.random_frame(rng), 0.06)
        if n % 20 == 19:
            session.switch.settle_counters()
            session.ofctl("dump-flows", "SWITCH")
            session.ofctl("dump-aggregate", "SWITCH", "ip")
    session.ofctl("del-flows", "SWITCH")
    time.sleep(0.3)


def reconnect(session):
    """The controller dies and comes back; the flows stay, and nobody else is disturbed."""
    session.wait_done(session.start_controller("controller.py", "few_flows", listen=True))
    session.ofctl("show", "SWITCH")
    session.ofctl("del-flows", "SWITCH", "in_port=1")
    session.close()
    time.sleep(0.3)
    session.ofctl("dump-flows", "SWITCH")
    session.ofctl("del-flows", "SWITCH", "ip")  # the controller is not told
    session.controllers.clear()
    session.wait_done(session.start_controller("controller.py", "few_flows", listen=True))
    session.ofctl("dump-flows", "SWITCH")
    session.ofctl("del-flows", "SWITCH")
    time.sleep(0.3)


def controller_and_tools(session):
    """A controller changes the table while tools read and change it too."""
    done = session.start_controller("controller.py", "replacements", listen=True)
    session.wait_done(done)
    for n in range(6):
        session.ofctl("add-flow", "SWITCH",
                      f"send_flow_rem,priority={n},in_port={n % 3 + 1} actions=output:{n % 2 + 1}")
    session.ofctl("dump-flows", "SWITCH")
    session.ofctl("del-flows", "SWITCH", "in_port=1")
    session.ofctl("dump-aggregate", "SWITCH")
    time.sleep(0.3)


def scripted(play):
    def run(session):
        session.wait_done(session.start_controller("controller.py", play))
    return run


PLAYS = {
    "ofctl-basics": ofctl_basics,
    "ofctl-files": ofctl_files,
    "ofctl-errors": ofctl_errors,
    "ofctl-monitor": monitor,
    "ofctl-expiry": expiry,
    "osken-learning-switch": learning_switch,
    "osken-frames": frames,
    "osken-reconnect": reconnect,
    "osken-and-ofctl": controller_and_tools,
    **{f"osken-{name.replace('_', '-')}": scripted(name) for name in
       ("churn", "strict_and_loose", "overlaps", "pipelined", "errors", "packet_outs", "rewriting", "configuration")},
}
