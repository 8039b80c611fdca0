import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { followingState, NetState, netStateName } from "../../src/ivshmem-net/state.js";

const { RESET, INIT, READY, RUN } = NetState;

describe("followingState()", () => {
  test.each([
    [RESET, [INIT, INIT, RESET, RESET]],
    [INIT, [INIT, READY, READY, READY]],
    [READY, [RESET, READY, RUN, RUN]],
    [RUN, [RESET, RESET, RUN, RUN]],
  ])("followingState(%i) gives what the drivers do for each state of the peer", (own, following) => {
    expect([RESET, INIT, READY, RUN].map((peer) => followingState(own, peer))).toEqual(following);
  });

  test("followingState() takes a state that it does not know for one above READY, as Linux does", () => {
    expect(followingState(READY, 0xffff_ffff)).toBe(RUN);
    expect(followingState(RESET, 4)).toBe(RESET);
  });

  test("followingState() brings two sides to RUN from wherever they are, and neither past a section not cleared", () => {
    // What happens in turn: a step of side 0 or 1, or that side's restart.
    const event = fc.record({ side: fc.constantFrom(0, 1), restarts: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const states: NetState[] = [RESET, RESET];
        // The session that each side's section belongs to, and that the side at RUN met in the other's.
        const cleared = [0, 0];
        const met: (number | undefined)[] = [undefined, undefined];
        const step = (side: number): boolean => {
          const other = 1 - side;
          const next = followingState(states[side] as NetState, states[other] as NetState);
          if (next === states[side]) return false;
          if (next === READY) cleared[side] = (cleared[side] as number) + 1;
          states[side] = next;
          met[side] = next === RUN ? cleared[other] : undefined;
          return true;
        };
        for (const { side, restarts } of events) {
          if (restarts === 0) {
            states[side] = RESET;
            met[side] = undefined;
          } else {
            step(side);
          }
          // While both run, each reads the section that the other cleared for this session.
          if (states[0] === RUN && states[1] === RUN) expect(met).toEqual([cleared[1], cleared[0]]);
        }
        for (let moved = true, steps = 0; moved; steps++) {
          const first = step(0);
          moved = step(1) || first;
          expect(steps).toBeLessThan(20);
        }
        expect(states).toEqual([RUN, RUN]);
      }),
    );
  });
});

describe("netStateName()", () => {
  test("netStateName() gives the name of a state and the number of another", () => {
    expect([0, 1, 2, 3, 4].map(netStateName)).toEqual(["RESET", "INIT", "READY", "RUN", "4"]);
  });
});
