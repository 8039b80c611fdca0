import { afterEach, describe, expect, test, vi } from "vitest";
import { passesEvent } from "../../src/ivshmem-net/ring-event.js";
import { setAccessHook } from "./hooked-access.js";
import { HostileNet } from "./hostile-net.js";
import { makeFrame } from "./net-pair.js";

vi.mock("../../src/ivshmem-net/access.js", () => import("./hooked-access.js"));
afterEach(() => setAccessHook(undefined));

/** 6400 bytes of frames hold 22 of the shortest slots and three of the longest. */
const [SHORT, LONG] = [22, 3];
const MTU = 1600;

describe("NetOutbox", () => {
  test("asks again for room when too little comes past what it asked for while it asks", async () => {
    const peer = new HostileNet(0x2000, { mtu: MTU });
    await peer.comeUp();
    const { net, machine, geometry } = peer;
    let rooms = 0;
    net.events.on("room", () => rooms++);
    for (let count = 0; count < SHORT; count++) expect(net.trySend(makeFrame(14))).toBe(true);
    for (let count = 0; count < LONG; count++) expect(net.trySend(makeFrame(MTU + 18))).toBe(true);
    net.flush();
    // Thirteen of 25 are acknowledged between the look at the index and the store of the event, which is the twelfth.
    let accesses = 0;
    setAccessHook(() => {
      accesses++;
      if (accesses !== 2) return;
      for (let slot = 0; slot < 13; slot++) peer.complete(slot, slot, 1);
      peer.setUsed(13);
    });
    expect(net.trySend(makeFrame(MTU + 18))).toBe(false);
    setAccessHook(undefined);
    const own = machine.outputs[0] as Uint8Array;
    const event = new DataView(own.buffer, own.byteOffset).getUint16(geometry.usedEventOffset, true);
    expect(passesEvent(event, SHORT + LONG, 13)).toBe(true);
    for (let slot = 13; slot < SHORT + LONG; slot++) peer.complete(slot, slot, 1);
    peer.setUsed(SHORT + LONG);
    await peer.look();
    expect(rooms).toBe(1);
    expect(net.trySend(makeFrame(MTU + 18))).toBe(true);
    net.close();
  });
});
