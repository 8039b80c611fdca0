import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CanBus,
  type CanFrame,
  createManualClock,
  createVirtualBus,
  dataFrame,
  type FrameFate,
  type IsoTpEndpoint,
  type IsoTpOptions,
  IsoTpReason,
  type LocalBusOptions,
  type ManualClock,
  normalAddress,
  openIsoTp,
  standardId,
  type VirtualBus,
} from "../../../src/can/index.js";
import { hex, pattern } from "./bytes.js";

const LEFT = standardId(0x7e0);
const RIGHT = standardId(0x7e8);

/** Low enough for a frame to take some 12 ms. */
const SLOW = { bitRate: 10_000 };

/** A long PDU: a FirstFrame and 14 ConsecutiveFrames. */
const LONG = pattern(100);

type Kind = "single" | "first" | "consecutive" | "flow";
const kinds: readonly Kind[] = ["single", "first", "consecutive", "flow"];

/** What becomes of the frames of one kind, by their number from 0 on. */
type Fate = (number: number, attempt: number) => FrameFate | undefined;

let clock: ManualClock;
let bus: VirtualBus;
let left: IsoTpEndpoint;
let right: IsoTpEndpoint;
let third: CanBus;
let aborts: string[];
const told = new Set<string>();

function setUp(fates: Partial<Record<Kind, Fate>>, more: SetUp = {}): void {
  const counts: Record<Kind, number> = { single: 0, first: 0, consecutive: 0, flow: 0 };
  const fateOf = (frame: CanFrame, attempt: number): FrameFate | undefined => {
    if (frame.kind !== "data" || (frame.id !== LEFT && frame.id !== RIGHT)) return undefined;
    const kind = kinds[(frame.data[0] ?? 0) >>> 4] as Kind;
    // A frame that is sent again is the same one.
    if (attempt === 0) counts[kind] += 1;
    return fates[kind]?.(counts[kind] - 1, attempt);
  };
  bus = createVirtualBus({ clock, fateOf, ...more.bus });
  const open = (name: string, tx: typeof LEFT, rx: typeof LEFT, options: Partial<IsoTpOptions> = {}) =>
    openIsoTp(bus.open({ node: name }), { address: normalAddress({ tx, rx }), clock, ...options });
  left = open("left", LEFT, RIGHT, more.left);
  right = open("right", RIGHT, LEFT, more.right);
  third = bus.open({ node: "third" });
  right.events.on("aborted", ({ code }) => aborts.push(code));
}

interface SetUp {
  readonly bus?: LocalBusOptions;
  readonly left?: Partial<IsoTpOptions>;
  readonly right?: Partial<IsoTpOptions>;
}

/** Sends from the left and gives the code of the end, after all that follows from it. */
async function send(pdu: Uint8Array = LONG): Promise<string> {
  const end = left.send(pdu).then(
    () => "sent",
    (error: { readonly code: string }) => error.code,
  );
  const code = await clock.runUntil(end);
  return code;
}

/** Lets all timers of the standard run out, and holds what is told against what should be. */
async function expectEnd(sent: string, received: readonly string[], end: string): Promise<void> {
  await clock.advance(3000);
  expect([end, aborts]).toEqual([sent, received]);
  for (const code of [end, ...aborts]) told.add(code);
}

/** Has a third node say something in the name of the right or the left one as soon as a frame of some kind was seen. */
function interject(after: Kind, id: typeof LEFT, text: string): void {
  let done = false;
  third.listen(({ frame }) => {
    if (done || frame.kind !== "data" || (frame.data[0] ?? 0) >>> 4 !== kinds.indexOf(after)) return;
    done = true;
    third.trySend(dataFrame(id, hex(text)));
  });
}

beforeEach(() => {
  clock = createManualClock();
  aborts = [];
});

afterEach(() => bus.close());

const lost: Fate = () => ({ drop: true });
const late =
  (ms: number): Fate =>
  () => ({ delayMs: ms });

describe("on a virtual bus with faults, openIsoTp() ends with", () => {
  test("N_TIMEOUT_A of the sender when its frame is disturbed again and again", async () => {
    setUp({ single: () => ({ corrupt: true }) }, { bus: SLOW, left: { nAMs: 30 } });
    await expectEnd(IsoTpReason.TIMEOUT_A, [], await send(pattern(3)));
  });

  test("N_TIMEOUT_A of the receiver when its FlowControl is disturbed for too long", async () => {
    const fates = { flow: (_: number, attempt: number) => ({ corrupt: attempt < 10 }) };
    setUp(fates, { bus: SLOW, right: { nAMs: 30 }, left: { nBsMs: 100 } });
    await expectEnd(IsoTpReason.TIMEOUT_BS, [IsoTpReason.TIMEOUT_A], await send());
  });

  test.each<[string, Partial<Record<Kind, Fate>>, readonly string[]]>([
    ["the FirstFrame is lost", { first: lost }, []],
    ["the FlowControl is lost", { flow: lost }, [IsoTpReason.TIMEOUT_CR]],
    ["the FlowControl of a later block is lost", { flow: (n) => ({ drop: n === 1 }) }, [IsoTpReason.TIMEOUT_CR]],
    ["the FlowControl is late", { flow: late(1500) }, [IsoTpReason.TIMEOUT_CR]],
  ])("N_TIMEOUT_BS when %s", async (_, fates, received) => {
    setUp(fates, { right: { blockSize: 4 } });
    await expectEnd(IsoTpReason.TIMEOUT_BS, received, await send());
  });

  test.each<[string, Fate]>([
    ["lost", (n) => ({ drop: n === 13 })],
    ["late", (n) => ({ delayMs: n === 13 ? 1500 : 0 })],
  ])("N_TIMEOUT_CR when the last ConsecutiveFrame is %s", async (_, consecutive) => {
    setUp({ consecutive });
    await expectEnd("sent", [IsoTpReason.TIMEOUT_CR], await send());
  });

  test.each<[string, Fate]>([
    ["lost", (n) => ({ drop: n === 5 })],
    ["doubled", (n) => ({ duplicate: n === 5 })],
  ])("N_WRONG_SN when a ConsecutiveFrame is %s", async (_, consecutive) => {
    setUp({ consecutive });
    await expectEnd("sent", [IsoTpReason.WRONG_SN], await send());
  });

  test("N_INVALID_FS when another status takes the place of a FlowControl that is lost", async () => {
    setUp({ flow: (n) => ({ drop: n === 0 }) });
    interject("first", RIGHT, "3F 00 00");
    await expectEnd(IsoTpReason.INVALID_FS, [IsoTpReason.TIMEOUT_CR], await send());
  });

  test("N_UNEXP_PDU when the sender has given up, as a FlowControl was lost, and begins another PDU", async () => {
    setUp({ flow: (n) => ({ drop: n === 0 }) }, { left: { nBsMs: 100 } });
    expect(await send()).toBe(IsoTpReason.TIMEOUT_BS);
    await expectEnd("sent", [IsoTpReason.UNEXP_PDU], await send(pattern(30)));
    expect(right.statistics).toMatchObject({ receivedPdus: 1, receivedBytes: 30 });
  });

  test("N_WFT_OVRN of the receiver when nobody reads, and of the sender by the silence that follows", async () => {
    setUp({ flow: late(20) }, { right: { queuePdus: 1, maxWaitFrames: 2 } });
    expect(await send(pattern(3))).toBe("sent");
    await expectEnd(IsoTpReason.TIMEOUT_BS, [IsoTpReason.WFT_OVRN], await send());
  });

  test("N_WFT_OVRN of the sender when it is asked to wait more often than it does", async () => {
    setUp({ flow: late(20) }, { left: { maxWaitFramesOfPeer: 2 }, right: { queuePdus: 1 } });
    expect(await send(pattern(3))).toBe("sent");
    await expectEnd(IsoTpReason.WFT_OVRN, [], await send());
    await clock.advance(10_000);
    expect(aborts).toEqual([IsoTpReason.WFT_OVRN]);
  });

  test("N_BUFFER_OVFLW of both when the PDU is too long, and by silence if that is lost", async () => {
    setUp({ flow: (n) => ({ drop: n === 1 }) }, { right: { maxPduBytes: 50 } });
    expect(await send()).toBe(IsoTpReason.BUFFER_OVFLW);
    await expectEnd(IsoTpReason.TIMEOUT_BS, [IsoTpReason.BUFFER_OVFLW, IsoTpReason.BUFFER_OVFLW], await send());
    told.add(IsoTpReason.BUFFER_OVFLW);
  });

  test("N_ERROR of the sender when the bus refuses a frame, as its node is down", async () => {
    setUp({});
    await clock.runUntil(bus.open({ node: "left" }).setUp(false));
    await expectEnd(IsoTpReason.ERROR, [], await send());
  });

  test("N_ERROR of the receiver when a frame is short, in the place of one that is lost", async () => {
    setUp({ consecutive: (n) => ({ drop: n === 0 }) });
    interject("flow", LEFT, "21 06");
    await expectEnd("sent", [IsoTpReason.ERROR], await send());
  });

  test("each of its reasons, all of which were reached above", () => {
    expect([...told].filter((code) => code !== "sent").sort()).toEqual(Object.values(IsoTpReason).sort());
  });
});
