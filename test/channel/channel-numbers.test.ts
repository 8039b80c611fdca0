import fc from "fast-check";
import { expect, test } from "vitest";
import { ChannelNumbers } from "../../src/channel/channel-numbers.js";

test("take() gives a name one number and names different ones, whatever is taken and released", () => {
  const names = fc.constantFrom("a", "b", "c", "d");
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), names)), (steps) => {
      const numbers = new ChannelNumbers();
      const users = new Map<string, { number: number; count: number }>();
      for (const [isTake, name] of steps) {
        const known = users.get(name);
        if (isTake) {
          const number = numbers.take(name);
          if (known !== undefined) expect(number).toBe(known.number);
          users.set(name, { number, count: (known?.count ?? 0) + 1 });
        } else if (known !== undefined) {
          numbers.release(name);
          if (known.count === 1) users.delete(name);
          else known.count -= 1;
        }
        const taken = [...users.values()].map(({ number }) => number);
        expect(new Set(taken).size).toBe(taken.length);
        expect(taken.every((number) => number >= 1 && number <= 0xffff)).toBe(true);
      }
    }),
  );
});

test("take() goes round and passes by numbers in use when all have been given out", () => {
  const numbers = new ChannelNumbers();
  expect(numbers.take("kept")).toBe(1);
  for (let count = 2; count <= 0xffff; count += 1) {
    expect(numbers.take("x")).toBe(count);
    numbers.release("x");
  }
  expect(numbers.take("x")).toBe(2);
});

test("release() of a name that nobody took does nothing", () => {
  const numbers = new ChannelNumbers();
  numbers.release("a");
  expect(numbers.take("a")).toBe(1);
});
