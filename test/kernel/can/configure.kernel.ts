import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CanSettings, configureCanInterface } from "../../../src/can/index.js";
import { AttributeSet } from "../../../src/netlink/attribute.js";
import { createLink, deleteLink } from "../../../src/netlink/create-link.js";
import { decodeMessages } from "../../../src/netlink/message.js";
import { resetCanInterfaces } from "./controllers.js";
import { PythonProgram } from "./program.js";

/** Bytes of struct ifinfomsg, and where a link's kind has its data (linux/if_link.h). */
const HEADER_BYTES = 16;
const LINK_INFO = 18;
const INFO_KIND = 1;
const INFO_DATA = 2;

/** The settings of this package, and what one tells `ip link set can0 type can` for the same. */
const pairs: readonly (readonly [CanSettings, string])[] = [
  [{ bitRate: 500_000 }, "bitrate 500000"],
  [{ bitRate: 125_000, samplePoint: 0.8, jumpWidth: 2 }, "bitrate 125000 sample-point 0.8 sjw 2"],
  [{ bitRate: 500_000, dataBitRate: 2_000_000, fd: true }, "bitrate 500000 dbitrate 2000000 fd on"],
  [
    {
      bitRate: 1_000_000,
      samplePoint: 0.75,
      dataBitRate: 5_000_000,
      dataSamplePoint: 0.75,
      dataJumpWidth: 3,
      fd: true,
    },
    "bitrate 1000000 sample-point 0.75 dbitrate 5000000 dsample-point 0.75 dsjw 3 fd on",
  ],
  [
    { modes: { listenOnly: true, oneShot: true, berrReporting: false, tripleSampling: true, presumeAck: false } },
    "listen-only on one-shot on berr-reporting off triple-sampling on presume-ack off",
  ],
  [{ modes: { loopback: false, fdNonIso: true, ccLen8Dlc: true } }, "loopback off fd-non-iso on cc-len8-dlc on"],
  [{ restartMs: 250 }, "restart-ms 250"],
  [{ terminationOhm: 120 }, "termination 120"],
];

describe("configureCanInterface()", () => {
  let capture: PythonProgram;

  beforeAll(async () => {
    createLink("nlmon0", { kind: "nlmon", up: true });
    capture = new PythonProgram("netlink_capture.py");
    expect(await capture.line()).toBe("ready");
  });

  afterAll(async () => {
    await capture.end();
    deleteLink("nlmon0");
    resetCanInterfaces();
  });

  test.each(pairs)("configureCanInterface() asks the kernel for %o as ip does for %s", async (settings, words) => {
    // The kernel refuses some of it, as this controller has no CAN FD; what was asked for is seen all the same.
    spawnSync("ip", ["link", "set", "can0", "type", "can", ...words.split(" ")]);
    const wanted = await nextRequest();
    try {
      configureCanInterface("can0", settings);
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOTSUP" });
    }
    expect(await nextRequest()).toEqual(wanted);
    expect(Object.keys(wanted)).not.toHaveLength(0);
  });

  /** The attributes about the controller in the next request that has such, as hexadecimal, by their type. */
  async function nextRequest(): Promise<Record<number, string>> {
    for (;;) {
      const [message] = decodeMessages(Buffer.from(await capture.line(), "hex"));
      const info = new AttributeSet(message?.payload.subarray(HEADER_BYTES) ?? new Uint8Array()).nest(LINK_INFO);
      const data = info?.text(INFO_KIND) === "can" ? info.nest(INFO_DATA) : undefined;
      // Before its first request ip asks whether the kernel knows such requests at all.
      if (data !== undefined) return toHex(data);
    }
  }

  function toHex(data: AttributeSet): Record<number, string> {
    const found: Record<number, string> = {};
    for (let type = 1; type < 64; type++) {
      const bytes = data.bytes(type);
      if (bytes !== undefined) found[type] = Buffer.from(bytes).toString("hex");
    }
    return found;
  }
});
