import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { captureNet } from "../../src/ivshmem-net/capture.js";
import { until } from "../channel/until.js";
import { skipUnless } from "../support/skip.js";
import { makeFrame, NetPair } from "./net-pair.js";

const folder = mkdtempSync(join(tmpdir(), "intercell-capture-"));

afterAll(() => rmSync(folder, { recursive: true }));

/** Sends a frame each way and captures both at side 0. */
async function captureBoth(path: string, format: "pcap" | "pcapng"): Promise<void> {
  using pair = await new NetPair().ready();
  await using capture = captureNet(pair.nets[0], path, { format });
  pair.nets[0].trySend(makeFrame(60));
  await until(() => pair.nets[1].statistics.rxFrames === 1, "the frame arrived");
  pair.nets[1].trySend(makeFrame(100, 7));
  await until(() => pair.nets[0].statistics.rxFrames === 1, "the answer arrived");
  expect(capture.statistics).toEqual({ frames: 2, dropped: 0 });
}

describe("captureNet()", () => {
  const hasTcpdump = skipUnless(spawnSync("tcpdump", ["--version"]).status === 0, "tcpdump is missing");
  test.each(["pcap", "pcapng"] as const)("captureNet() writes %s that tcpdump reads", hasTcpdump, async (format) => {
    const path = join(folder, `both.${format}`);
    await captureBoth(path, format);
    const text = execFileSync("tcpdump", ["-r", path, "-e", "-nn", "-t"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = text.split("\n").filter((line) => line.includes(" > "));
    expect(lines.map((line) => /^\S+ > [^,]+/.exec(line)?.[0])).toEqual([
      "06:07:08:09:0a:0b > 00:01:02:03:04:05",
      "0d:0e:0f:10:11:12 > 07:08:09:0a:0b:0c",
    ]);
    expect(lines.map((line) => /length (\d+)/.exec(line)?.[1])).toEqual(["60", "100"]);
  });

  test("captureNet() cuts frames to the snap length and keeps their true length", async () => {
    const path = join(folder, "short.pcap");
    using pair = await new NetPair().ready();
    await using capture = captureNet(pair.nets[0], path, { format: "pcap", snapLengthBytes: 14 });
    pair.nets[0].trySend(makeFrame(60));
    await capture.close();
    const bytes = readFileSync(path);
    expect([bytes.length, bytes.readUInt32LE(32), bytes.readUInt32LE(36)]).toEqual([24 + 16 + 14, 14, 60]);
  });

  test("captureNet() leaves frames out and counts them when the file is too slow", async () => {
    using pair = await new NetPair().ready();
    let written: (() => void) | undefined;
    const slow = new Writable({
      write: (_chunk, _encoding, callback) => {
        written = callback;
      },
    });
    const capture = captureNet(pair.nets[0], slow, { bufferBytes: 500 });
    for (let frame = 0; frame < 10; frame++) pair.nets[0].trySend(makeFrame(200));
    const { frames, dropped } = capture.statistics;
    expect(frames + dropped).toBe(10);
    expect(dropped).toBeGreaterThan(5);
    const closed = capture.close();
    for (let turn = 0; turn < 10; turn++) {
      written?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(slow.writableEnded).toBe(false);
    pair.nets[0].trySend(makeFrame(200));
    expect(capture.statistics.frames).toBe(frames);
  });

  test("captureNet() fails at close() when the file cannot be written, and leaves the endpoint alone", async () => {
    using pair = await new NetPair().ready();
    const capture = captureNet(pair.nets[0], join(folder, "none", "file.pcap"));
    pair.nets[0].trySend(makeFrame(60));
    await until(() => pair.nets[1].statistics.rxFrames === 1, "the frame arrived");
    await expect(capture.close()).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("captureNet() throws when an option is wrong", async () => {
    using pair = await new NetPair().ready();
    const [net] = pair.nets;
    expect(() => captureNet(net, "x", { format: "json" as never })).toThrow(TypeError);
    expect(() => captureNet(net, "x", { file: 1 } as never)).toThrow(TypeError);
    for (const snapLengthBytes of [13, 262_145, 20.5]) {
      expect(() => captureNet(net, "x", { snapLengthBytes })).toThrow(RangeError);
    }
  });
});
