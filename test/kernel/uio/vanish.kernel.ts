import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openShm } from "../../../src/shm/index.js";
import { type IvshmemDevice, openUio } from "../../../src/uio/index.js";
import { until } from "../../channel/until.js";
import {
  addressOf,
  bind,
  loadModule,
  nodeOf,
  openPeer,
  raspberryPi4,
  refusalToUnload,
  unbind,
  unloadModule,
} from "./test-module.js";

beforeEach(() => loadModule([raspberryPi4]));

afterEach(() => unloadModule());

/** The arguments of the next such event; an error on the way does not end the wait. */
async function next(device: IvshmemDevice, event: "close" | "interrupt" | "state"): Promise<unknown[]> {
  return await new Promise((resolve) => device.events.once(event, (...values: unknown[]) => resolve(values)));
}

describe("a device of UIO that vanishes", () => {
  test("the device emits error and close and touches nothing more when its driver is unbound", async () => {
    const device = await openPeer(0, 0);
    const peer = await openPeer(0, 1);
    device.setState(7);
    peer.rearm();
    const node = nodeOf(0, 0);
    const heard: string[] = [];
    device.events.on("error", (error) => heard.push(error.message));
    const closed = next(device, "close");
    const gone = next(peer, "state");
    unbind(0, 0);
    await closed;
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain(addressOf(0, 0));
    expect(() => device.setState(1)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    expect(device.closed).toBe(true);
    expect(await gone).toEqual([0, 0, 7]);
    await expect(openUio(node)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    peer.close();
  });

  test("the node emits error and close when the driver of its device is unbound", async () => {
    const node = openShm(await openPeer(0, 0, { fallbackPollMs: 50 }));
    const link = node.link(1);
    const errors: Error[] = [];
    node.events.on("error", (error) => errors.push(error));
    unbind(0, 0);
    await until(() => errors.length > 0, "the error");
    expect(errors).toHaveLength(1);
    expect(node.closed).toBe(true);
    expect(link.status).toBe("closed");
  });

  test("openUio() works again when the driver is back", async () => {
    const device = await openPeer(0, 0);
    device.events.on("error", () => undefined);
    const closed = next(device, "close");
    unbind(0, 0);
    await closed;
    bind(0, 0);
    const again = await openPeer(0, 0);
    const interrupt = next(again, "interrupt");
    again.ring(0);
    expect(await interrupt).toEqual([1]);
    again.close();
  });

  test("the module stays while a device is open", async () => {
    const device = await openPeer(0, 0);
    expect(refusalToUnload()).toContain("in use");
    device.setState(3);
    expect(device.stateTable.get(0)).toBe(3);
    device.close();
    unloadModule();
    await expect(openPeer(0, 0)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });
});
