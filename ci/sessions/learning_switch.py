"""A learning switch for OpenFlow 1.0, the way a controller application is usually written.

It remembers behind which port each Ethernet address was seen. Once it knows the destination's port it installs a flow
for the pair of addresses; until then it floods. When a port is unlearned, a host having moved, the flows to it go too.
"""

import os
import struct

from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import MAIN_DISPATCHER, set_ev_cls
from os_ken.lib import hub
from os_ken.ofproto import ofproto_v1_0


class LearningSwitch(app_manager.OSKenApp):
    OFP_VERSIONS = [ofproto_v1_0.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.port_of = {}
        self.cookie = 0

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, event):
        message, datapath = event.msg, event.msg.datapath
        ofp, parser = datapath.ofproto, datapath.ofproto_parser
        dst, src, ethertype = struct.unpack_from("!6s6sH", message.data)
        if ethertype == 0x88CC:
            return
        old = self.port_of.get(src)
        if old is not None and old != message.in_port:
            self.forget(datapath, src)
        self.port_of[src] = message.in_port
        out_port = self.port_of.get(dst, ofp.OFPP_FLOOD)
        actions = [parser.OFPActionOutput(out_port)]
        if out_port != ofp.OFPP_FLOOD:
            self.cookie += 1
            match = parser.OFPMatch(in_port=message.in_port, dl_src=src, dl_dst=dst)
            datapath.send_msg(parser.OFPFlowMod(datapath, match, cookie=self.cookie, command=ofp.OFPFC_ADD,
                                                idle_timeout=0, hard_timeout=0, priority=ofp.OFP_DEFAULT_PRIORITY,
                                                flags=ofp.OFPFF_SEND_FLOW_REM, actions=actions))
        data = message.data if message.buffer_id == ofp.OFP_NO_BUFFER else None
        datapath.send_msg(parser.OFPPacketOut(datapath, message.buffer_id, message.in_port, actions, data))

    def forget(self, datapath, address):
        ofp, parser = datapath.ofproto, datapath.ofproto_parser
        match = parser.OFPMatch(dl_dst=address)
        datapath.send_msg(parser.OFPFlowMod(datapath, match, 0, ofp.OFPFC_DELETE))
        datapath.send_msg(parser.OFPBarrierRequest(datapath))

    @set_ev_cls(ofp_event.EventOFPStateChange, MAIN_DISPATCHER)
    def ready(self, event):
        self.datapath = event.datapath
        parser = event.datapath.ofproto_parser
        event.datapath.send_msg(parser.OFPDescStatsRequest(event.datapath, 0))
        event.datapath.send_msg(parser.OFPTableStatsRequest(event.datapath, 0))
        hub.spawn_after(0.3, lambda: open(os.environ["OFTWIN_DONE"], "w").close())
