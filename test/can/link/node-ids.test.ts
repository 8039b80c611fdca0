import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMatcher, dataFrame, extendedId, standardId } from "../../../src/can/index.js";
import { DEFAULT_BASE, LinkFrame, NodeIds } from "../../../src/can/link/node-ids.js";

const kinds = fc.constantFrom(...Object.values(LinkFrame));

describe("NodeIds", () => {
  test("id() puts kind, receiver and sender below the base", () => {
    const ids = new NodeIds(DEFAULT_BASE);
    expect(ids.id(LinkFrame.control, 2, 1)).toBe(extendedId(0x1abc_0201));
    expect(ids.id(LinkFrame.data, 254, 0)).toBe(extendedId(0x1abd_fe00));
    expect(ids.id(LinkFrame.broadcast, ids.everybody, 1)).toBe(extendedId(0x1abe_ff01));
    const short = new NodeIds(standardId(0x600));
    expect(short.id(LinkFrame.data, 2, 1)).toBe(standardId(0x651));
  });

  test.each([DEFAULT_BASE, standardId(0x500)])("filters choose by receiver and by sender, base %i", (base) => {
    const ids = new NodeIds(base);
    const nodes = fc.nat(ids.everybody - 1);
    fc.assert(
      fc.property(kinds, nodes, nodes, nodes, (kind, to, from, node) => {
        const frame = dataFrame(ids.id(kind, to, from));
        const control = createMatcher({ filters: [ids.controlFilter(node)] });
        expect(control(frame)).toBe(kind === LinkFrame.control && to === node);
        expect(createMatcher({ filters: [ids.senderFilter(node)] })(frame)).toBe(from === node);
        const sent = createMatcher({ filters: [ids.senderFilter(node, LinkFrame.data)] });
        expect(sent(frame)).toBe(kind === LinkFrame.data && from === node);
        expect(ids.senderOf(frame.id)).toBe(from);
      }),
    );
    const other = dataFrame(extendedId(0x0abc_0000));
    expect(createMatcher({ filters: [ids.controlFilter(0), ids.senderFilter(0)] })(other)).toBe(false);
  });

  test.each([extendedId(0x1abc_0001), extendedId(0x1abe_0000), standardId(0x680)])("refuses the base %i", (base) => {
    expect(() => new NodeIds(base)).toThrow(RangeError);
  });

  test.each([-1, 255, 1.5])("requireNode() refuses %d", (node) => {
    expect(() => new NodeIds(DEFAULT_BASE).requireNode("The node", node)).toThrow(RangeError);
  });

  test("requireNode() shows what is no number as such", () => {
    expect(() => new NodeIds(DEFAULT_BASE).requireNode("The node", "1" as unknown as number)).toThrow(
      /integer.*not "1"$/,
    );
  });

  test("requireNode() refuses 7 with a standard base", () => {
    expect(new NodeIds(standardId(0x600)).requireNode("The node", 6)).toBe(6);
    expect(() => new NodeIds(standardId(0x600)).requireNode("The node", 7)).toThrow(/0 to 6/);
  });
});
