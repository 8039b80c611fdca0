import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinkSession } from "../../src/carried/session.js";

const MINE = 7;

describe("LinkSession", () => {
  test("hello() opens once both have accepted each other", () => {
    const session = new LinkSession(MINE);
    expect(session.hello(3, 0)).toEqual({ accepted: true, opened: false, answer: true });
    expect(session.hello(3, 0)).toEqual({ accepted: false, opened: false, answer: true });
    expect(session.hello(3, MINE)).toEqual({ accepted: false, opened: true, answer: false });
    expect(session.hello(3, MINE)).toEqual({ accepted: false, opened: false, answer: false });
    expect([session.open, session.accepted]).toEqual([true, 3]);
  });

  test.each([
    ["restarted", 4, 0],
    ["restarted", 4, MINE],
    ["peer closed", 0, 0],
    ["peer refused", 3, 0],
  ])("hello() ends it with %s by epoch %i and echo %i", (reason, epoch, echo) => {
    const session = new LinkSession(MINE);
    session.hello(3, MINE);
    expect(session.hello(epoch, echo).ended).toBe(reason);
  });

  test("hello() of an epoch that was refused, or refuses, begins nothing", () => {
    const session = new LinkSession(MINE);
    session.hello(3, MINE);
    session.hello(3, 0);
    expect(session.hello(3, MINE)).toEqual({ accepted: false, opened: false, answer: false });
    session.refused = 4;
    expect(session.hello(4, MINE).accepted).toBe(false);
    expect(session.hello(5, MINE)).toEqual({ accepted: true, opened: true, answer: true });
  });

  test("two of them open whatever is lost, as long as hellos come again", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), (arrivals) => {
        const left = new LinkSession(1);
        const right = new LinkSession(2);
        const exchange = (arrives: boolean): void => {
          if (arrives) right.hello(left.epoch, left.accepted);
        };
        arrivals.forEach((arrives, index) => {
          if (index % 2 === 0) exchange(arrives);
          else if (arrives) left.hello(right.epoch, right.accepted);
        });
        for (let round = 0; round < 2; round++) {
          left.hello(right.epoch, right.accepted);
          right.hello(left.epoch, left.accepted);
        }
        left.hello(right.epoch, right.accepted);
        expect([left.open, right.open]).toEqual([true, true]);
      }),
    );
  });
});
