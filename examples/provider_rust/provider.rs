//! A datapath provider in Rust: it matches on ports, Ethernet and VLAN, and its one action is the output.
//!
//! Operations complete in run(), as those of hardware do; until then the old state of a flow is in force. The host calls
//! in one thread, and calls back while it is being called, so nothing is borrowed across such a call: flows and the
//! instance are raw pointers. A flow lives from rule_alloc to rule_dealloc; `flows` holds those in force.
mod abi;
use abi::*;
use std::os::raw::{c_char, c_void};
use std::ptr::{null, null_mut};
use std::slice::from_raw_parts;

const UNSUPPORTED: u64 = openflow_error(3, 5);
const BAD_TYPE: u64 = openflow_error(2, 0);
const BAD_LEN: u64 = openflow_error(2, 1);
const BAD_OUT_PORT: u64 = openflow_error(2, 4);
// OFPPC_*
const DOWN: u32 = 1;
const NO_RECV: u32 = 4;
const NO_RECV_STP: u32 = 8;
const NO_FLOOD: u32 = 16;
const NO_FWD: u32 = 32;
const NO_PACKET_IN: u32 = 64;
// OFPP_*
const IN_PORT: u16 = 0xfff8;
const TABLE: u16 = 0xfff9;
const NORMAL: u16 = 0xfffa;
const FLOOD: u16 = 0xfffb;
const ALL: u16 = 0xfffc;
const CONTROLLER: u16 = 0xfffd;
const LOCAL: u16 = 0xfffe;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Add,
    Modify,
    Remove,
}

struct Flow {
    rule: *const Rule,
    actions: Vec<u8>, // in force
    packets: u64,
    bytes: u64,
    used_ms: u64,
    busy: bool, // an operation on it, or on what is to replace it, is in progress
}

struct Pending {
    op: Op,
    kind: Kind,
    flow: *mut Flow,
    victim: *mut Flow,
    actions: Vec<u8>,
}

struct Provider {
    host: *const Host,
    host_data: *mut c_void,
    flows: Vec<*mut Flow>,
    pending: Vec<Pending>, // oldest first
    ports: Vec<(Port, PortStats)>,
    counts: Vec<(u64, u64)>, // of lookups and of matches, by table
    drop_frags: u8,
}

#[derive(Clone, Copy, Default)]
struct Key {
    in_port: u16,
    dl_src: u64,
    dl_dst: u64,
    dl_type: u16,
    vlan_tci: u16,
    fragment: bool,
}

struct Packet<'a> {
    frame: &'a [u8],
    key: Key,
    depth: u32,
    lookups: u32,
    copies: u32,
}

fn be16(b: &[u8]) -> u16 {
    u16::from(b[0]) << 8 | u16::from(b[1])
}

fn be48(b: &[u8]) -> u64 {
    b[..6].iter().fold(0, |v, x| v << 8 | u64::from(*x))
}

/// What of a frame of at least 14 bytes is matched on: spec/packet.md.
fn parse(in_port: u16, frame: &[u8]) -> Packet<'_> {
    let mut key = Key { in_port, dl_dst: be48(frame), dl_src: be48(&frame[6..]), ..Key::default() };
    let mut rest = &frame[12..];
    if be16(rest) == 0x8100 && frame.len() >= 18 {
        key.vlan_tci = be16(&rest[2..]) | 0x1000; // that bit says "a tag is present"
        rest = &rest[4..];
    }
    key.dl_type = be16(rest);
    let mut body = &rest[2..];
    if key.dl_type < 0x600 {
        let snap = body.len() >= 8 && body[..6] == [0xaa, 0xaa, 3, 0, 0, 0] && be16(&body[6..]) >= 0x600;
        key.dl_type = if snap { be16(&body[6..]) } else { 0x5ff };
        body = if snap { &body[8..] } else { body };
    }
    let header = body.first().map_or(0, |b| usize::from(b & 15) * 4);
    if key.dl_type == 0x0800 && header >= 20 && header <= body.len() {
        key.fragment = be16(&body[6..]) & 0x3fff != 0;
    }
    Packet { frame, key, depth: 0, lookups: 0, copies: 0 }
}

fn matches(m: &Match, k: &Key) -> bool {
    (m.in_port[0] ^ k.in_port) & m.in_port[1] == 0
        && (m.dl_src[0] ^ k.dl_src) & m.dl_src[1] == 0
        && (m.dl_dst[0] ^ k.dl_dst) & m.dl_dst[1] == 0
        && (m.dl_type[0] ^ k.dl_type) & m.dl_type[1] == 0
        && (m.vlan_tci[0] ^ k.vlan_tci) & m.vlan_tci[1] == 0
}

fn can_match(m: &Match) -> bool {
    let layers = m.nw_src[1] | m.nw_dst[1] | u32::from(m.nw_tos[1] | m.nw_proto[1]) | u32::from(m.tp_src[1] | m.tp_dst[1]);
    let wide = m.tun_id[1] | m.arp_sha[1] | m.arp_tha[1] | m.reg_mask.iter().fold(0, |v, r| v | u64::from(*r));
    let ipv6 = [m.ipv6_src[1], m.ipv6_dst[1], m.nd_target[1]];
    layers == 0 && wide == 0 && ipv6.iter().flatten().all(|b| *b == 0)
}

fn check_actions(mut list: &[u8]) -> u64 {
    while !list.is_empty() {
        let len = if list.len() >= 8 { usize::from(be16(&list[2..])) } else { 0 };
        if len < 8 || len % 8 != 0 || len > list.len() {
            return BAD_LEN;
        }
        let port = be16(&list[4..]);
        if be16(list) != 0 {
            return BAD_TYPE;
        } else if len != 8 {
            return BAD_LEN;
        } else if port >= 0xff00 && !(IN_PORT..=LOCAL).contains(&port) {
            return BAD_OUT_PORT;
        }
        list = &list[len..];
    }
    OK
}

fn seconds_after(ms: u64, s: u16) -> u64 {
    if s == 0 { NEVER } else { ms + u64::from(s) * 1000 }
}

unsafe fn hard_end(f: *const Flow) -> u64 {
    seconds_after((*(*f).rule).created_ms, (*(*f).rule).hard_timeout)
}

unsafe fn end(f: *const Flow) -> u64 {
    hard_end(f).min(seconds_after((*f).used_ms, (*(*f).rule).idle_timeout))
}

unsafe fn bytes<'a>(data: *const u8, len: u64) -> &'a [u8] {
    if len == 0 { &[] } else { from_raw_parts(data, len as usize) }
}

unsafe fn me(p: P) -> *mut Provider {
    p as *mut Provider
}

unsafe fn flow(rule: *const Rule) -> *mut Flow {
    (*rule).handle as *mut Flow
}

impl Provider {
    fn now_ms(&self) -> u64 {
        unsafe { ((*self.host).now_ms)(self.host_data) }
    }

    fn port(&mut self, number: u16) -> Option<&mut (Port, PortStats)> {
        self.ports.iter_mut().find(|p| p.0.number == number)
    }

    unsafe fn lookup(&mut self, table: u8, key: &Key) -> *mut Flow {
        let mut best: *mut Flow = null_mut();
        for &f in &self.flows {
            let rule = &*(*f).rule;
            let better = best.is_null() || rule.priority > (*(*best).rule).priority;
            if rule.table_id == table && better && matches(&*rule.matched, key) {
                best = f;
            }
        }
        let counts = &mut self.counts[usize::from(table)];
        counts.0 += 1;
        counts.1 += u64::from(!best.is_null());
        if let Some(tell) = (*self.host).test_looked_up {
            tell(self.host_data, table, if best.is_null() { null() } else { (*best).rule });
        }
        best
    }

    unsafe fn transmit(&mut self, p: &mut Packet, number: u16) {
        let len = p.frame.len() as u64;
        match self.port(number) {
            Some(port) if port.0.config & (NO_FWD | DOWN) == 0 && p.copies < 4096 => {
                port.1.tx_packets += 1;
                port.1.tx_bytes += len;
            }
            _ => return,
        }
        p.copies += 1;
        if let Some(tell) = (*self.host).test_transmitted {
            tell(self.host_data, number, p.frame.as_ptr(), len);
        }
    }

    unsafe fn hand_up(&mut self, p: &mut Packet, reason: u32, max_len: u16) {
        if p.copies < 4096 {
            p.copies += 1;
            ((*self.host).packet_in)(self.host_data, p.key.in_port, p.frame.as_ptr(), p.frame.len() as u64, reason, max_len);
        }
    }

    unsafe fn run_actions(&mut self, p: &mut Packet, list: &[u8]) {
        for action in list.chunks(8) {
            let in_port = p.key.in_port;
            match be16(&action[4..]) {
                TABLE if p.depth < 16 && p.lookups < 256 => {
                    p.lookups += 1;
                    p.depth += 1;
                    self.run_table(p);
                    p.depth -= 1;
                }
                TABLE => {}
                CONTROLLER => self.hand_up(p, 1, be16(&action[6..])),
                IN_PORT => self.transmit(p, in_port),
                to @ (ALL | FLOOD | NORMAL) => {
                    let without = if to == ALL { 0 } else { NO_FLOOD };
                    let all: Vec<u16> =
                        self.ports.iter().filter(|x| x.0.config & without == 0).map(|x| x.0.number).collect();
                    for number in all.into_iter().filter(|n| *n != in_port) {
                        self.transmit(p, number);
                    }
                }
                to if to != in_port => self.transmit(p, to),
                _ => {}
            }
        }
    }

    unsafe fn run_flow(&mut self, p: &mut Packet, f: *mut Flow) {
        (*f).packets += 1;
        (*f).bytes += p.frame.len() as u64;
        (*f).used_ms = self.now_ms();
        let list = (*f).actions.clone();
        self.run_actions(p, &list);
    }

    unsafe fn run_table(&mut self, p: &mut Packet) {
        let f = self.lookup(0, &p.key);
        if !f.is_null() {
            self.run_flow(p, f);
        } else if self.port(p.key.in_port).map_or(true, |port| port.0.config & NO_PACKET_IN == 0) {
            self.hand_up(p, 0, 0xffff);
        }
    }

    /// What the operation asks for takes effect. The host is told afterwards, when nothing here is borrowed.
    unsafe fn take_effect(&mut self, done: &mut Pending) {
        (*done.flow).busy = false;
        if done.kind == Kind::Remove {
            self.flows.retain(|f| *f != done.flow);
        } else {
            (*done.flow).actions = std::mem::take(&mut done.actions);
        }
        if done.kind == Kind::Add {
            self.flows.retain(|f| *f != done.victim);
            self.flows.push(done.flow);
        }
    }
}

unsafe fn start(p: P, kind: Kind, rule: *const Rule, victim: *mut Flow, op: Op) {
    let f = flow(rule);
    (*f).busy = true;
    if !victim.is_null() {
        (*victim).busy = true;
    }
    let actions = bytes((*rule).actions, (*rule).actions_len).to_vec();
    (*me(p)).pending.push(Pending { op, kind, flow: f, victim, actions });
}

unsafe fn complete_pending(p: P) {
    for mut done in std::mem::take(&mut (*me(p)).pending) {
        (*me(p)).take_effect(&mut done);
        ((*(*me(p)).host).op_complete)((*me(p)).host_data, done.op, OK);
    }
}

unsafe extern "C" fn create(_options: *const c_char) -> P {
    Box::into_raw(Box::new(Provider {
        host: null(),
        host_data: null_mut(),
        flows: Vec::new(),
        pending: Vec::new(),
        ports: Vec::new(),
        counts: Vec::new(),
        drop_frags: 0,
    })) as P
}

unsafe extern "C" fn attach(p: P, host: *const Host, host_data: *mut c_void, n_tables: *mut u32) -> u64 {
    if (*host).abi_major != 1 || ((*host).size as usize) < std::mem::size_of::<Host>() {
        return 3 << 32 | 22; // EINVAL
    }
    *n_tables = (*n_tables).clamp(1, 255);
    (*me(p)).counts = vec![(0, 0); *n_tables as usize];
    (*me(p)).host = host;
    (*me(p)).host_data = host_data;
    OK
}

unsafe extern "C" fn destruct(p: P) {
    while !(*me(p)).pending.is_empty() {
        complete_pending(p);
    }
}

unsafe extern "C" fn dealloc(p: P) {
    drop(Box::from_raw(me(p)));
}

unsafe extern "C" fn run(p: P) {
    complete_pending(p);
    let now_ms = (*me(p)).now_ms();
    for f in (*me(p)).flows.clone() {
        // Only this rule's removal can follow, and that completes later: no other flow goes meanwhile.
        if !(*f).busy && end(f) <= now_ms {
            let reason = u32::from(hard_end(f) <= now_ms);
            ((*(*me(p)).host).rule_expire)((*me(p)).host_data, (*f).rule, reason);
        }
    }
}

unsafe extern "C" fn run_at(p: P) -> u64 {
    if !(*me(p)).pending.is_empty() {
        return NOW;
    }
    (*me(p)).flows.iter().filter(|f| !(***f).busy).map(|f| end(*f)).min().unwrap_or(NEVER)
}

unsafe extern "C" fn rule_alloc(_: P) -> *mut c_void {
    let new = Flow { rule: null(), actions: Vec::new(), packets: 0, bytes: 0, used_ms: 0, busy: false };
    Box::into_raw(Box::new(new)) as *mut c_void
}

unsafe extern "C" fn rule_construct(p: P, rule: *const Rule, victim: *const Rule, op: Op) -> u64 {
    if !can_match(&*(*rule).matched) {
        return UNSUPPORTED;
    }
    let wrong = check_actions(bytes((*rule).actions, (*rule).actions_len));
    if wrong != OK {
        return wrong;
    }
    (*flow(rule)).rule = rule;
    (*flow(rule)).used_ms = (*rule).created_ms;
    start(p, Kind::Add, rule, if victim.is_null() { null_mut() } else { flow(victim) }, op);
    OK
}

unsafe extern "C" fn rule_modify_actions(p: P, rule: *const Rule, op: Op) {
    let wrong = check_actions(bytes((*rule).actions, (*rule).actions_len));
    if wrong == OK {
        start(p, Kind::Modify, rule, null_mut(), op);
    } else {
        ((*(*me(p)).host).op_complete)((*me(p)).host_data, op, wrong);
    }
}

unsafe extern "C" fn rule_destruct(p: P, rule: *const Rule, op: Op) {
    start(p, Kind::Remove, rule, null_mut(), op);
}

unsafe extern "C" fn rule_dealloc(p: P, handle: *mut c_void) {
    let f = handle as *mut Flow;
    (*me(p)).flows.retain(|x| *x != f);
    drop(Box::from_raw(f));
}

unsafe extern "C" fn rule_get_stats(_: P, rule: *const Rule, packets: *mut u64, n_bytes: *mut u64) {
    *packets = (*flow(rule)).packets;
    *n_bytes = (*flow(rule)).bytes;
}

unsafe extern "C" fn rule_execute(p: P, rule: *const Rule, in_port: u16, frame: *const u8, len: u64) -> u64 {
    if len >= 14 {
        (*me(p)).run_flow(&mut parse(in_port, bytes(frame, len)), flow(rule));
    }
    OK
}

unsafe extern "C" fn packet_out(p: P, in_port: u16, frame: *const u8, len: u64, list: *const u8, list_len: u64) -> u64 {
    let wrong = check_actions(bytes(list, list_len));
    if wrong == OK && len >= 14 {
        (*me(p)).run_actions(&mut parse(in_port, bytes(frame, len)), bytes(list, list_len));
    }
    wrong
}

unsafe extern "C" fn get_table_info(p: P, id: u8, info: *mut TableInfo) {
    for (to, from) in (*info).name.iter_mut().zip(b"rust") {
        *to = *from as c_char;
    }
    (*info).wildcards = 0x3fffff;
    (*info).max_entries = 1000000;
    let counts = (&(*me(p)).counts)[usize::from(id)];
    (*info).lookup_count = counts.0;
    (*info).matched_count = counts.1;
}

unsafe extern "C" fn get_ports(p: P, ports: *mut Port, max: u32) -> u32 {
    for (i, port) in (&(*me(p)).ports).iter().take(max as usize).enumerate() {
        *ports.add(i) = port.0;
    }
    (&(*me(p)).ports).len() as u32
}

unsafe extern "C" fn port_reconfigured(p: P, number: u16, _was: u32, is: u32) {
    if let Some(port) = (*me(p)).port(number) {
        port.0.config = is;
    }
}

unsafe extern "C" fn get_port_stats(p: P, number: u16, stats: *mut PortStats) {
    if let Some(port) = (*me(p)).port(number) {
        *stats = PortStats { size: (*stats).size, ..port.1 };
    }
}

unsafe extern "C" fn get_drop_frags(p: P) -> u8 {
    (*me(p)).drop_frags
}

unsafe extern "C" fn set_drop_frags(p: P, drop: u8) {
    (*me(p)).drop_frags = drop;
}

unsafe extern "C" fn test_set_ports(p: P, ports: *const Port, n: u32) -> u64 {
    (*me(p)).ports = (0..n as usize).map(|i| (*ports.add(i), PortStats::default())).collect();
    OK
}

unsafe extern "C" fn test_inject(p: P, number: u16, frame: *const u8, len: u64) {
    let frame = bytes(frame, len);
    let spanning_tree = len >= 6 && be48(frame) == 0x0180_c200_0000;
    let drop_frags = (*me(p)).drop_frags != 0;
    let fragment = len >= 14 && parse(number, frame).key.fragment;
    let port = match (*me(p)).port(number) {
        Some(port) => port,
        None => return,
    };
    let refused = DOWN | if spanning_tree { NO_RECV_STP } else { NO_RECV };
    if len < 14 || port.0.config & refused != 0 || (drop_frags && fragment) {
        port.1.rx_dropped += 1;
        return;
    }
    port.1.rx_packets += 1;
    port.1.rx_bytes += len;
    (*me(p)).run_table(&mut parse(number, frame));
}

static TABLE_OF_FUNCTIONS: Table = Table {
    abi_major: 1,
    abi_minor: 2,
    size: std::mem::size_of::<Table>() as u32,
    reserved: 0,
    name: b"rust\0".as_ptr() as *const c_char,
    create,
    attach,
    destruct,
    dealloc,
    run,
    run_at,
    rule_alloc,
    rule_construct,
    rule_modify_actions,
    rule_destruct,
    rule_dealloc,
    rule_get_stats,
    rule_execute,
    packet_out,
    choose_table: None,
    flush: None,
    get_table_info,
    get_ports,
    port_reconfigured,
    get_port_stats: Some(get_port_stats),
    get_drop_frags,
    set_drop_frags,
    set_eviction_threshold: None,
    test_set_ports: Some(test_set_ports),
    test_inject: Some(test_inject),
};

#[no_mangle]
pub extern "C" fn oft_provider_get() -> *const Table {
    &TABLE_OF_FUNCTIONS
}
