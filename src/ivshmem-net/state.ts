/** The states of one side, as they stand in its state word (Linux, `IVSHM_NET_STATE_*`). */
export const NetState = { RESET: 0, INIT: 1, READY: 2, RUN: 3 } as const;
export type NetState = (typeof NetState)[keyof typeof NetState];

const names = ["RESET", "INIT", "READY", "RUN"];

/** The name of a state; the number of one that the protocol does not know. */
export function netStateName(state: number): string {
  return names[state] ?? String(state);
}

/**
 * The state that follows for one side, given the other's. Each side waits until the other has left the link of before, then
 * both clear their sections, and neither looks at a ring that is not cleared.
 *
 * A side that is at READY may find the other at INIT, which is on its way; one at RUN never does unless the other
 * began anew and its RESET went unseen.
 */
export function followingState(own: NetState, peer: number): NetState {
  switch (own) {
    case NetState.RESET:
      return peer < NetState.READY ? NetState.INIT : own;
    case NetState.INIT:
      return peer > NetState.RESET ? NetState.READY : own;
    case NetState.READY:
      if (peer >= NetState.READY) return NetState.RUN;
      return peer === NetState.RESET ? NetState.RESET : own;
    case NetState.RUN:
      return peer < NetState.READY ? NetState.RESET : own;
  }
}
