/* The protocol core that `oftwin explore --scope protocol` explores, written by hand for Spin: two controllers, FLOWS
 * flows in two tables with two action lists each, flow-mods, statistics and barriers, a provider that answers at once,
 * later, or with an error, at most two pending groups, one unread message a connection, one queued completion.
 *
 * It is what one writes when one models by hand: no bytes, no encoding, no errors on the wire, no observations; answers
 * are not told apart beyond done, pending and failed. What it is for is a comparison of speed with the real model
 * (bench/explore). Its own assertions: a rule has one operation, a group counts its operations. */
#ifndef FLOWS
#define FLOWS 3
#endif
#define CONNS 2
#define TABLES 2
#define SLOTS (FLOWS * TABLES)
#define GROUPS 2
#define NOBODY 7

/* Messages: kind, slot (flow and table) or flow, variant. */
#define NONE 0
#define ADD 1
#define MODIFY 2
#define MODIFY_STRICT 3
#define REMOVE 4
#define REMOVE_STRICT 5
#define BARRIER 6
#define STATS 7
/* What the provider will answer to everything that the message starts travels with it, so that handling it is
 * deterministic and one step; in the real model every single operation is answered by itself. */
#define DONE 0
#define PENDING 1
#define FAILED 2
typedef Message { unsigned kind : 3; unsigned slot : 4; unsigned variant : 2; unsigned answer : 2 }

typedef Slot {
  unsigned variant : 2;        /* of the rule in the table; 0: none */
  unsigned busy : 2;           /* 0 idle, 1 added, 2 modified */
  unsigned old : 2;            /* what comes back if that fails; 0: nothing */
  unsigned group : 2;
  bit leaving;             /* another rule of the same flow is being removed */
  unsigned leaving_group : 2
}
typedef Group { unsigned operations : 3; unsigned owner : 3; bit failed }
typedef Conn { Message unread; Message blocked; bit retry }

Slot slot[SLOTS];
Group group[GROUPS];
Conn conn[CONNS];
byte done_slot = 255;      /* the queued completion: slot, or 128 + slot for a removal; 255: none */
bit done_failed;

byte i, c, g, s, n, turn, touched;
byte postponed, busy, any;
Message m;

inline raise_retry() { conn[0].retry = 1; conn[1].retry = 1 }

inline find_group() {
  g = 0;
  do
  :: g < GROUPS && group[g].operations > 0 -> g++
  :: else -> break
  od
}

/* One answer for one operation that has been started on slot s by group g. `n` counts those still in progress. */
inline answer_add(new) {
  slot[s].old = slot[s].variant;
  slot[s].variant = new;
  if
  :: m.answer == DONE -> slot[s].old = 0
  :: m.answer == PENDING -> slot[s].busy = 1; slot[s].group = g; n++
  :: m.answer == FAILED -> slot[s].variant = slot[s].old; slot[s].old = 0
  fi
}
inline answer_modify(new) {
  slot[s].old = slot[s].variant;
  slot[s].variant = new;
  if
  :: m.answer == DONE -> slot[s].old = 0
  :: m.answer == PENDING -> slot[s].busy = 2; slot[s].group = g; n++
  :: m.answer == FAILED -> slot[s].variant = slot[s].old; slot[s].old = 0
  fi
}
inline answer_remove() {
  assert(slot[s].busy == 0);
  slot[s].variant = 0;
  if
  :: m.answer == DONE
  :: m.answer == PENDING -> slot[s].leaving = 1; slot[s].leaving_group = g; n++
  fi
}
inline submit() {
  if
  :: n > 0 -> group[g].operations = n; group[g].owner = turn; group[g].failed = 0
  :: else -> raise_retry()
  fi;
  n = 0
}

/* Is anything that the message touches in progress? `any`: does it touch anything? */
inline look(all) {
  busy = 0; any = 0; s = 0;
  do
  :: s < SLOTS ->
     if
     :: (all || s % FLOWS == m.slot) && slot[s].variant != 0 ->
        any = 1;
        if :: slot[s].busy != 0 -> busy = 1 :: else fi
     :: else
     fi;
     s++
  :: else -> break
  od
}

inline look_for_room() { find_group(); postponed = (g == GROUPS) }

inline add_one() {
  s = m.slot;
  if
  :: slot[s].leaving || slot[s].busy != 0 -> postponed = 1
  :: else -> answer_add(m.variant); submit()
  fi
}

inline handle() {
  postponed = 0; n = 0;
  if
  :: m.kind == BARRIER ->
     i = 0;
     do
     :: i < GROUPS ->
        if :: group[i].operations > 0 && group[i].owner == turn -> postponed = 1 :: else fi;
        i++
     :: else -> break
     od
  :: m.kind == STATS -> look(1); postponed = busy
  :: m.kind == ADD -> look_for_room(); if :: !postponed -> add_one() :: else fi
  :: m.kind == MODIFY || m.kind == MODIFY_STRICT ->
     look_for_room();
     if
     :: !postponed ->
        look(m.kind == MODIFY);
        if
        :: busy -> postponed = 1
        :: !busy && any ->
           s = 0;
           do
           :: s < SLOTS ->
              if
              :: (m.kind == MODIFY || s % FLOWS == m.slot) && slot[s].variant != 0 && slot[s].variant != m.variant ->
                 answer_modify(m.variant)
              :: else
              fi;
              s++
           :: else -> break
           od;
           submit()
        :: else -> m.slot = (m.kind == MODIFY -> 0 : m.slot); add_one()
        fi
     :: else
     fi
  :: m.kind == REMOVE || m.kind == REMOVE_STRICT ->
     look_for_room();
     if
     :: !postponed ->
        look(m.kind == REMOVE);
        if
        :: busy -> postponed = 1
        :: !busy && any ->
           s = 0;
           do
           :: s < SLOTS ->
              if
              :: (m.kind == REMOVE || s == m.slot) && slot[s].variant != 0 -> answer_remove()
              :: else
              fi;
              s++
           :: else -> break
           od;
           submit()
        :: else
        fi
     :: else
     fi
  fi;
  if
  :: postponed -> conn[turn].blocked.kind = m.kind; conn[turn].blocked.slot = m.slot;
                  conn[turn].blocked.variant = m.variant; conn[turn].blocked.answer = m.answer; conn[turn].retry = 0
  :: else
  fi
}

inline complete() {
  if
  :: done_slot < 128 && slot[done_slot].busy != 0 ->
     s = done_slot; g = slot[s].group;
     if :: done_failed -> slot[s].variant = slot[s].old; group[g].failed = 1 :: else fi;
     slot[s].old = 0; slot[s].busy = 0; slot[s].group = 0;
     touched = 1
  :: done_slot >= 128 && done_slot < 255 && slot[done_slot - 128].leaving ->
     s = done_slot - 128; g = slot[s].leaving_group;
     slot[s].leaving = 0; slot[s].leaving_group = 0;
     touched = 1
  :: else -> touched = 0
  fi;
  if
  :: touched ->
     assert(group[g].operations > 0);
     group[g].operations--;
     if :: group[g].operations == 0 -> group[g].owner = 0; group[g].failed = 0; raise_retry() :: else fi
  :: else
  fi;
  done_slot = 255; done_failed = 0
}

inline take_blocked() {
  m.kind = conn[turn].blocked.kind; m.slot = conn[turn].blocked.slot; m.variant = conn[turn].blocked.variant;
  m.answer = conn[turn].blocked.answer;
  conn[turn].blocked.kind = 0; conn[turn].blocked.slot = 0; conn[turn].blocked.variant = 0; conn[turn].blocked.answer = 0
}
inline take_unread() {
  m.kind = conn[turn].unread.kind; m.slot = conn[turn].unread.slot; m.variant = conn[turn].unread.variant;
  m.answer = conn[turn].unread.answer;
  conn[turn].unread.kind = 0; conn[turn].unread.slot = 0; conn[turn].unread.variant = 0; conn[turn].unread.answer = 0
}

inline clean() { i = 0; c = 0; g = 0; s = 0; n = 0; turn = 0; touched = 0; postponed = 0; busy = 0; any = 0;
                 m.kind = 0; m.slot = 0; m.variant = 0; m.answer = 0 }

inline iterate() {
  complete();
  turn = 0;
  do
  :: turn < CONNS ->
     do
     :: conn[turn].blocked.kind != NONE && conn[turn].retry -> take_blocked(); handle()
     :: conn[turn].blocked.kind == NONE && conn[turn].unread.kind != NONE -> take_unread(); handle()
     :: else -> break
     od;
     turn++
  :: else -> break
  od;
  clean()
}

#define SEND(x, k, f, v, a) :: d_step { conn[x].unread.kind == NONE -> conn[x].unread.kind = k; \
  conn[x].unread.slot = f; conn[x].unread.variant = v; conn[x].unread.answer = a }
#define ANSWERS(x, k, f, v) SEND(x, k, f, v, DONE) SEND(x, k, f, v, PENDING) SEND(x, k, f, v, FAILED)
#define VARIANTS(x, k, f) ANSWERS(x, k, f, 1) ANSWERS(x, k, f, 2)
#define REMOVES(x, k, f) SEND(x, k, f, 0, DONE) SEND(x, k, f, 0, PENDING)
#define FLOW(x, f) VARIANTS(x, ADD, f) VARIANTS(x, ADD, f + FLOWS) VARIANTS(x, MODIFY_STRICT, f) \
  REMOVES(x, REMOVE_STRICT, f) REMOVES(x, REMOVE_STRICT, f + FLOWS)
#if FLOWS == 1
#define ALL_FLOWS(x) FLOW(x, 0)
#elif FLOWS == 2
#define ALL_FLOWS(x) FLOW(x, 0) FLOW(x, 1)
#else
#define ALL_FLOWS(x) FLOW(x, 0) FLOW(x, 1) FLOW(x, 2)
#endif
#define EVERYTHING(x) ALL_FLOWS(x) VARIANTS(x, MODIFY, 0) REMOVES(x, REMOVE, 0) SEND(x, BARRIER, 0, 0, DONE) \
  SEND(x, STATS, 0, 0, DONE)
#define ENDS(f) :: d_step { done_slot == 255 && slot[f].busy != 0 -> done_slot = f } \
  :: d_step { done_slot == 255 && slot[f].busy != 0 -> done_slot = f; done_failed = 1 } \
  :: d_step { done_slot == 255 && slot[f].leaving -> done_slot = 128 + f }

active proctype switch_and_world() {
  do
  :: d_step { true -> iterate() }
  ENDS(0) ENDS(1)
#if SLOTS > 2
  ENDS(2) ENDS(3)
#endif
#if SLOTS > 4
  ENDS(4) ENDS(5)
#endif
  EVERYTHING(0)
  EVERYTHING(1)
  od
}
