//! impl/provider.h 1.2 in Rust, by hand. A test loads the library, and the check of every call shows that it is right.
use std::os::raw::{c_char, c_void};

pub const NEVER: u64 = u64::MAX;
pub const NOW: u64 = 0;
pub const OK: u64 = 0;
pub const fn openflow_error(kind: u16, code: u16) -> u64 {
    1 << 32 | (kind as u64) << 16 | code as u64
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Match {
    pub size: u32,
    pub reserved: u32,
    pub tun_id: [u64; 2], // here and below: value, mask
    pub dl_src: [u64; 2],
    pub dl_dst: [u64; 2],
    pub arp_sha: [u64; 2],
    pub arp_tha: [u64; 2],
    pub reg: [u32; 4],
    pub reg_mask: [u32; 4],
    pub nw_src: [u32; 2],
    pub nw_dst: [u32; 2],
    pub in_port: [u16; 2],
    pub dl_type: [u16; 2],
    pub vlan_tci: [u16; 2],
    pub tp_src: [u16; 2],
    pub tp_dst: [u16; 2],
    pub nw_tos: [u8; 2],
    pub nw_proto: [u8; 2],
    pub ipv6_src: [[u8; 16]; 2],
    pub ipv6_dst: [[u8; 16]; 2],
    pub nd_target: [[u8; 16]; 2],
}

#[repr(C)]
pub struct Rule {
    pub size: u32,
    pub priority: u32,
    pub handle: *mut c_void,
    pub matched: *const Match,
    pub actions: *const u8,
    pub actions_len: u64,
    pub cookie: u64,
    pub created_ms: u64,
    pub idle_timeout: u16,
    pub hard_timeout: u16,
    pub table_id: u8,
    pub send_flow_removed: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Port {
    pub size: u32,
    pub number: u16,
    pub hw_addr: [u8; 6],
    pub name: [c_char; 16],
    pub config: u32,
    pub features: [u32; 5], // state, curr, advertised, supported, peer
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct PortStats {
    pub size: u32,
    pub reserved: u32,
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub rx_dropped: u64,
    pub others: [u64; 7],
}

#[repr(C)]
pub struct TableInfo {
    pub size: u32,
    pub name: [c_char; 32],
    pub wildcards: u32,
    pub max_entries: u32,
    pub lookup_count: u64,
    pub matched_count: u64,
}

pub type Op = *mut c_void;

#[repr(C)]
pub struct Host {
    pub abi_major: u32,
    pub abi_minor: u32,
    pub size: u32,
    pub reserved: u32,
    pub now_ms: unsafe extern "C" fn(*mut c_void) -> u64,
    pub op_complete: unsafe extern "C" fn(*mut c_void, Op, u64),
    pub rule_expire: unsafe extern "C" fn(*mut c_void, *const Rule, u32),
    pub packet_in: unsafe extern "C" fn(*mut c_void, u16, *const u8, u64, u32, u16),
    pub port_changed: unsafe extern "C" fn(*mut c_void, u32, *const Port),
    pub test_looked_up: Option<unsafe extern "C" fn(*mut c_void, u8, *const Rule)>,
    pub test_transmitted: Option<unsafe extern "C" fn(*mut c_void, u16, *const u8, u64)>,
}

/// The instance, as the host passes it.
pub type P = *mut c_void;

#[repr(C)]
pub struct Table {
    pub abi_major: u32,
    pub abi_minor: u32,
    pub size: u32,
    pub reserved: u32,
    pub name: *const c_char,
    pub create: unsafe extern "C" fn(*const c_char) -> P,
    pub attach: unsafe extern "C" fn(P, *const Host, *mut c_void, *mut u32) -> u64,
    pub destruct: unsafe extern "C" fn(P),
    pub dealloc: unsafe extern "C" fn(P),
    pub run: unsafe extern "C" fn(P),
    pub run_at: unsafe extern "C" fn(P) -> u64,
    pub rule_alloc: unsafe extern "C" fn(P) -> *mut c_void,
    pub rule_construct: unsafe extern "C" fn(P, *const Rule, *const Rule, Op) -> u64,
    pub rule_modify_actions: unsafe extern "C" fn(P, *const Rule, Op),
    pub rule_destruct: unsafe extern "C" fn(P, *const Rule, Op),
    pub rule_dealloc: unsafe extern "C" fn(P, *mut c_void),
    pub rule_get_stats: unsafe extern "C" fn(P, *const Rule, *mut u64, *mut u64),
    pub rule_execute: unsafe extern "C" fn(P, *const Rule, u16, *const u8, u64) -> u64,
    pub packet_out: unsafe extern "C" fn(P, u16, *const u8, u64, *const u8, u64) -> u64,
    pub choose_table: Option<unsafe extern "C" fn(P, *const Match, *mut u8) -> u64>,
    pub flush: Option<unsafe extern "C" fn(P)>,
    pub get_table_info: unsafe extern "C" fn(P, u8, *mut TableInfo),
    pub get_ports: unsafe extern "C" fn(P, *mut Port, u32) -> u32,
    pub port_reconfigured: unsafe extern "C" fn(P, u16, u32, u32),
    pub get_port_stats: Option<unsafe extern "C" fn(P, u16, *mut PortStats)>,
    pub get_drop_frags: unsafe extern "C" fn(P) -> u8,
    pub set_drop_frags: unsafe extern "C" fn(P, u8),
    pub set_eviction_threshold: Option<unsafe extern "C" fn(P, u32)>,
    pub test_set_ports: Option<unsafe extern "C" fn(P, *const Port, u32) -> u64>,
    pub test_inject: Option<unsafe extern "C" fn(P, u16, *const u8, u64)>,
}
unsafe impl Sync for Table {}
