"""An os-ken application that plays a script: it waits for the switch, then does what `plays.PLAYS[...]` says.

A play is a function of a Speaker. It is random only through the seed in it, so that a session can be recorded again.
"""

import os
import traceback

from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import MAIN_DISPATCHER, set_ev_cls
from os_ken.lib import hub
from os_ken.ofproto import ofproto_v1_0

import plays

# os-ken 2.5 looks this name up on any error message, and ends the session for want of it in OpenFlow 1.0.
ofproto_v1_0.OFPET_EXPERIMENTER = getattr(ofproto_v1_0, "OFPET_EXPERIMENTER", 0xFFFF)


class Speaker:
    """Sends messages with transaction ids that count up, and waits for barriers."""

    def __init__(self, datapath):
        self.datapath = datapath
        self.ofp, self.parser = datapath.ofproto, datapath.ofproto_parser
        self.xid = 0x1000
        self.answered = {}

    def send(self, message):
        self.xid += 1
        message.set_xid(self.xid)
        self.datapath.send_msg(message)

    def send_bytes(self, type_, body, length=None, xid=None):
        """A message in raw form, its length field right unless given."""
        self.xid += 1
        header = bytes([1, type_]) + (8 + len(body) if length is None else length).to_bytes(2, "big")
        self.datapath.send(header + (self.xid if xid is None else xid).to_bytes(4, "big") + body)

    def barrier(self):
        """Returns when the switch has answered: everything sent before it has been handled."""
        self.send(self.parser.OFPBarrierRequest(self.datapath))
        self.answered[self.xid] = hub.Event()
        self.answered[self.xid].wait(timeout=20)

    def sleep(self, seconds):
        hub.sleep(seconds)


class Controller(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_0.OFP_VERSION]

    @set_ev_cls(ofp_event.EventOFPStateChange, MAIN_DISPATCHER)
    def ready(self, event):
        self.speaker = Speaker(event.datapath)
        hub.spawn(self.play)

    def play(self):
        try:
            plays.introduce(self.speaker)
            plays.PLAYS[os.environ["OFTWIN_PLAY"]](self.speaker)
            self.speaker.barrier()
            open(os.environ["OFTWIN_DONE"], "w").close()
        except Exception:
            traceback.print_exc()
            os._exit(1)

    @set_ev_cls(ofp_event.EventOFPBarrierReply, MAIN_DISPATCHER)
    def barrier_reply(self, event):
        waiting = self.speaker.answered.pop(event.msg.xid, None)
        if waiting:
            waiting.set()
