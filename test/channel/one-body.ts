import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LinkPair, MakePair } from "./link-pair.js";
import { measure, seenByAll, watch } from "./station.js";

/** One application on one kind of link: it sees the same on all of them. */
export function describeBody(name: string, makePair: MakePair): void {
  describe(`an application over ${name}`, () => {
    let pair: LinkPair;

    beforeEach(async () => {
      pair = await makePair();
    });

    afterEach(async () => {
      await pair.close();
    });

    test("sees the same", async () => {
      const [, seen] = await Promise.all([measure(pair.left), watch(pair.right)]);
      expect(seen).toEqual(seenByAll);
    });
  });
}
