"""Records real OpenFlow 1.0 sessions: a private Open vSwitch, real clients, one capture per session.

Every session gets a switch process of its own (dummy datapath, three dummy ports), so that nothing depends on what was
recorded before it. Beside NAME.pcap, which holds the OpenFlow connections as seen on the loopback interface, a session
that injects frames leaves NAME.frames: one line per frame, "SECONDS.MICROSECONDS PORT HEX", in the order of injection,
with the clock of the capture.

Run it through ci/record-sessions, which installs what is needed.
"""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import tools

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
PORTS = 3


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"record-sessions: waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.02)


class Switch:
    """One private Open vSwitch: its own database, run directory and listener."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.env = dict(os.environ, OVS_RUNDIR=directory, OVS_DBDIR=directory, OVS_LOGDIR=directory)
        self.processes = []
        self.controller = None
        self.run("ovsdb-tool", "create", f"{directory}/conf.db", SCHEMA)
        self.start("ovsdb-server", f"{directory}/conf.db", f"--remote=punix:{directory}/db.sock",
                   f"--unixctl={directory}/ovsdb.ctl")
        wait_until("the database", lambda: os.path.exists(f"{directory}/db.sock"))
        self.vsctl("--no-wait", "init")
        self.start("ovs-vswitchd", f"unix:{directory}/db.sock", "--enable-dummy=override", "--disable-system",
                   f"--unixctl={directory}/vswitchd.ctl")
        wait_until("the switch", lambda: os.path.exists(f"{directory}/vswitchd.ctl"))
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy", "fail_mode=secure",
                   "protocols=OpenFlow10", "other-config:datapath-id=0000000000000001",
                   "other-config:hwaddr=aa:55:aa:55:00:00", "other-config:dp-desc=recorded",
                   "other-config:disable-in-band=true")
        for n in range(1, PORTS + 1):
            self.vsctl("add-port", "br0", f"p{n}", "--", "set", "interface", f"p{n}", "type=dummy",
                       f"ofport_request={n}")
        self.appctl("netdev-dummy/set-admin-state", "up")

    def run(self, *command):
        return subprocess.run(command, env=self.env, check=True, capture_output=True, text=True).stdout

    def start(self, *command):
        self.processes.append(subprocess.Popen(command, env=self.env, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL))

    def vsctl(self, *arguments):
        return self.run("ovs-vsctl", f"--db=unix:{self.directory}/db.sock", *arguments)

    def appctl(self, *arguments):
        return self.run("ovs-appctl", "-t", f"{self.directory}/vswitchd.ctl", *arguments)

    def listen(self):
        """Clients may connect: their connections are service connections of the switch."""
        self.vsctl("set-controller", "br0", f"ptcp:{self.port}:127.0.0.1", "--", "set", "controller", "br0",
                   "inactivity_probe=0")

    def connect_to(self, port, listen=False):
        """The switch connects to a controller, and again whenever that session ends: a primary connection."""
        if self.controller == port:
            return
        self.controller = port
        targets = [f"tcp:127.0.0.1:{port}"] + ([f"ptcp:{self.port}:127.0.0.1"] if listen else [])
        self.vsctl("set-controller", "br0", *targets, "--", "set", "bridge", "br0", "fail_mode=secure")
        for uuid in self.vsctl("--bare", "--columns=_uuid", "find", "controller").split():
            self.vsctl("set", "controller", uuid, "inactivity_probe=0", "max_backoff=1000")

    def settle_counters(self):
        """Counters of cached flows reach the statistics only when the revalidators have gone round."""
        self.appctl("revalidator/wait")
        self.appctl("revalidator/wait")

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()


class Capture:
    def __init__(self, path, ports):
        self.path = path
        self.scratch = tempfile.NamedTemporaryFile(suffix=".pcap", delete=False).name
        condition = " or ".join(f"tcp port {p}" for p in ports)
        command = ["dumpcap", "-q", "-P", "-i", "lo", "-s", "262144", "-B", "32", "-f", condition, "-w", self.scratch]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_until("the capture", lambda: os.path.getsize(self.scratch) >= 24)
        time.sleep(0.3)

    def stop(self):
        time.sleep(0.7)
        self.process.send_signal(2)
        messages = self.process.communicate()[1]
        if self.process.returncode:
            sys.exit(f"record-sessions: dumpcap failed: {messages}")
        shutil.move(self.scratch, self.path)
        os.chmod(self.path, 0o644)


class Session:
    """What a play is given: the switch, the tool, a controller to start, frames to inject."""

    def __init__(self, name, switch):
        self.name = name
        self.switch = switch
        self.frames = []
        self.controller_port = free_port()
        self.controllers = []

    def ofctl(self, *arguments, stdin=None, check=True):
        """One ovs-ofctl command; "SWITCH" stands for the switch. A refusal by the switch is part of a session."""
        target = f"tcp:127.0.0.1:{self.switch.port}"
        command = ["ovs-ofctl", "-O", "OpenFlow10", "-F", "openflow10", "--no-names", "--timeout=20"]
        command += [target if a == "SWITCH" else a for a in arguments]
        return subprocess.run(command, input=stdin, env=self.switch.env, capture_output=True, text=True, check=check)

    def start_ofctl(self, *arguments):
        target = f"tcp:127.0.0.1:{self.switch.port}"
        command = ["ovs-ofctl", "-O", "OpenFlow10", "-F", "openflow10", "--no-names"]
        command += [target if a == "SWITCH" else a for a in arguments]
        return subprocess.Popen(command, env=self.switch.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start_controller(self, application, play="", listen=False):
        """An os-ken application; the switch connects to it. It writes the file DONE when its play is over."""
        done = pathlib.Path(self.switch.directory) / "done"
        done.unlink(missing_ok=True)
        env = dict(os.environ, OFTWIN_PLAY=play, OFTWIN_DONE=str(done), PYTHONHASHSEED="0", PYTHONPATH=str(HERE),
                   PYTHONDONTWRITEBYTECODE="1")
        log = open(f"{self.switch.directory}/controller.log", "w")
        process = subprocess.Popen(["/usr/bin/python3", "-m", "os_ken.cmd.manager", "--ofp-listen-host", "127.0.0.1",
                                    "--ofp-tcp-listen-port", str(self.controller_port), str(HERE / application)],
                                   env=env, stdout=log, stderr=log)
        self.controllers.append(process)
        wait_until("the controller", lambda: self.listening(process))
        self.switch.connect_to(self.controller_port, listen)
        return done

    def listening(self, process):
        if process.poll() is not None:
            sys.exit(open(f"{self.switch.directory}/controller.log").read())
        wanted = f"0100007F:{self.controller_port:04X}"
        sockets = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
        return any(s[1] == wanted and s[3] == "0A" for s in sockets)

    def wait_done(self, done, seconds=120):
        def over():
            if done.exists():
                return True
            if any(p.poll() is not None for p in self.controllers):
                sys.exit(open(f"{self.switch.directory}/controller.log").read())
            return False
        wait_until("the controller's play", over, seconds)

    def inject(self, port, frame, pause=0.12):
        """One frame arrives on a port; the pause lets its consequences end before anything else happens."""
        self.frames.append((time.time(), port, frame))
        self.switch.appctl("netdev-dummy/receive", f"p{port}", frame.hex())
        time.sleep(pause)

    def close(self):
        for process in self.controllers:
            if process.poll() is None:
                process.terminate()
            process.wait()


def record(name, play, out):
    directory = tempfile.mkdtemp(prefix="oftwin-")
    switch = Switch(directory)
    try:
        session = Session(name, switch)
        capture = Capture(out / f"{name}.pcap", [switch.port, session.controller_port])
        try:
            play(session)
        finally:
            session.close()
            capture.stop()
        frames = out / f"{name}.frames"
        frames.unlink(missing_ok=True)
        if session.frames:
            frames.write_text("".join(f"{t:.6f} {port} {frame.hex()}\n" for t, port, frame in session.frames))
    finally:
        switch.stop()
        shutil.rmtree(directory)
    print(f"{name}: {(out / f'{name}.pcap').stat().st_size} bytes, {len(session.frames)} frames", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Records OpenFlow 1.0 sessions of real clients and a real switch.")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent.parent / "corpus" / "sessions")
    parser.add_argument("sessions", nargs="*", help=f"which; all by default: {' '.join(tools.PLAYS)}")
    arguments = parser.parse_args()
    unknown = [s for s in arguments.sessions if s not in tools.PLAYS]
    if unknown:
        parser.error(f"no such session: {' '.join(unknown)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.sessions or tools.PLAYS:
        record(name, tools.PLAYS[name], arguments.out)


if __name__ == "__main__":
    main()
