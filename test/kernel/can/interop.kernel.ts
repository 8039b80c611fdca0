import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type CanBus,
  type CanFrame,
  dataFrame,
  encodeErrorFrame,
  extendedId,
  fdFrame,
  formatFrame,
  idBits,
  isExtended,
  openSocketCan,
  parseFrame,
  remoteFrame,
  standardId,
} from "../../../src/can/index.js";
import { createLongFormat } from "../../../src/cli/can-text.js";
import { until } from "../../channel/until.js";
import { addVcan, remove } from "./interfaces.js";
import { Companion } from "./process.js";

const VCAN = "vcan3";

/** Each kind of frame that a peer can know. */
const kinds: readonly CanFrame[] = [
  dataFrame(standardId(0x123), [0xde, 0xad, 0xbe, 0xef]),
  dataFrame(standardId(0)),
  dataFrame(extendedId(0x1abcdef0), [1, 2, 3, 4, 5, 6, 7, 8]),
  remoteFrame(standardId(0x55)),
  remoteFrame(extendedId(0x55), 3),
  fdFrame(standardId(0x321), new Uint8Array(12).fill(0xa5)),
  fdFrame(extendedId(0x321), new Uint8Array(64).fill(0x5a), { bitRateSwitch: true }),
  encodeErrorFrame({ controller: ["rx-warning"], counters: { tx: 0, rx: 100 } }),
  encodeErrorFrame({ busOff: true }),
];

const all = { errorMask: 0x1fff_ffff };
const sockets = (): number => {
  const lists = ["rcvlist_all", "rcvlist_fil", "rcvlist_err"];
  return lists.map((name) => readFileSync(`/proc/net/can/${name}`, "utf8").split(VCAN).length).reduce((a, b) => a + b);
};

describe("beside other programs", () => {
  let bus: CanBus;
  let heard: CanFrame[];

  beforeAll(() => addVcan(VCAN));

  afterAll(() => remove(VCAN));

  beforeEach(async () => {
    bus = await openSocketCan(VCAN);
    heard = [];
    bus.listen(({ frame }) => heard.push(frame), all);
  });

  afterEach(() => bus.close());

  /** Starts a program and waits until it listens. */
  const startListener = async (command: string, words: readonly string[]): Promise<Companion> => {
    const before = sockets();
    const companion = new Companion(command, words);
    await until(() => sockets() > before, `${command} listens`);
    return companion;
  };

  test("candump shows each kind of frame that send() sends, as this package writes it", async () => {
    const compact = await startListener("candump", ["-L", `${VCAN},0:0,#FFFFFFFF`]);
    const long = await startListener("candump", [`${VCAN},0:0,#FFFFFFFF`]);
    for (const frame of kinds) await bus.send(frame);
    await until(() => compact.lines.length >= kinds.length && long.lines.length >= kinds.length, "candump shows them");
    for (const each of [compact, long]) await each.stop();
    expect(compact.lines.map((line) => line.split(" ")[2])).toEqual(kinds.map(formatFrame));
    expect(long.lines).toEqual(kinds.map(createLongFormat(formatFrame)).map((text) => `  ${VCAN}  ${text}`));
  });

  test("each kind of frame that cansend sends is heard", async () => {
    for (const frame of kinds) execFileSync("cansend", [VCAN, formatFrame(frame)]);
    await until(() => heard.length >= kinds.length, "all frames are there");
    expect(heard).toEqual(kinds);
  });

  test("all frames of cangen are heard, in the order in which candump shows them", async () => {
    const dump = await startListener("candump", ["-L", VCAN]);
    execFileSync("cangen", [VCAN, "-g", "1", "-n", "400", "-m", "-I", "r", "-L", "r", "-D", "r"]);
    await until(() => heard.length >= 400 && dump.lines.length >= 400, "all frames are there");
    await dump.stop();
    expect(heard).toEqual(dump.lines.map((line) => parseFrame(line.split(" ")[2] as string)));
  });

  test("canfdtest is content with a node that answers as its device under test does", async () => {
    bus.listen(({ frame }) => {
      if (frame.kind !== "data" || idBits(frame.id) !== 0x77) return;
      bus.trySend(
        dataFrame(
          standardId(0x78),
          frame.data.map((byte) => byte + 1),
        ),
      );
    });
    const host = new Companion("canfdtest", ["-g", "-l", "200", VCAN]);
    expect(await host.end()).toBe(0);
    expect(bus.statistics.sentFrames).toBeGreaterThanOrEqual(200);
  });

  test("cansequence finds the frames that it gets in order, and notices one that is missing", async () => {
    const check = await startListener("cansequence", ["-r", "--quit=1", VCAN]);
    const numbered = (number: number) => dataFrame(standardId(2), [number & 0xff]);
    for (let number = 0; number < 600; number++) await bus.send(numbered(number));
    expect(check.exitCode).toBeUndefined();
    await bus.send(numbered(601));
    expect(await check.end()).not.toBe(0);
  });

  test("all frames of cansequence are heard in order", async () => {
    const sender = new Companion("cansequence", [VCAN, "--loop=700", "-p"]);
    await until(() => heard.length >= 700, "all frames are there");
    await sender.end();
    expect(heard.map((frame) => ("data" in frame ? frame.data[0] : -1))).toEqual(
      Array.from({ length: 700 }, (_, number) => number & 0xff),
    );
  });

  test("python-can understands each kind of frame, and each kind that it sends is heard", async () => {
    const program = fileURLToPath(new URL("./programs/echo.py", import.meta.url));
    const python = new Companion("/usr/bin/python3", [program, VCAN, `${kinds.length}`]);
    await python.line("ready");
    for (const frame of kinds) await bus.send(frame);
    await until(() => heard.length >= kinds.length, "the echoes are there");
    expect(await python.end()).toBe(0);
    // As python-can says what it got, independent of what it sent back.
    const fields = (frame: CanFrame): string => {
      const id = frame.kind === "error" ? frame.classes : frame.kind === "xl" ? 0 : idBits(frame.id);
      const extended = "id" in frame && isExtended(frame.id);
      const flags = [extended, frame.kind === "remote", frame.kind === "error", frame.kind === "fd"].map(Number);
      const brs = Number(frame.kind === "fd" && frame.bitRateSwitch);
      const length = frame.kind === "remote" ? frame.dlc : frame.data.length;
      return `${id} ${flags.join("")}${brs} ${length} ${"data" in frame ? Buffer.from(frame.data).toString("hex") : ""}`;
    };
    expect(python.lines.slice(1)).toEqual(kinds.map(fields));
    expect(heard).toEqual(kinds);
  });
});
