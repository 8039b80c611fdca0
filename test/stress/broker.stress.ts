import { expect, test } from "vitest";
import { Stage } from "./stage.js";

test("ShmNode closes with an error on both sides, and nothing hangs, when the broker is killed", async () => {
  const stage = await Stage.open({ lives: 1, warm: 1 });
  try {
    const cell = await stage.openLocal(0, { peers: [1], batch: 1, pauseMs: 0 });
    const { node, conversations } = cell.traffic;
    const [{ link, channel } = { link: undefined, channel: undefined }] = conversations;
    const deviceErrors: unknown[] = [];
    node.device.events.on("error", (error) => deviceErrors.push("code" in error ? error.code : error));
    const peer = await stage.pool.take();
    peer.tell("go", stage.settings(1, 0, { peers: [0], batch: 1, pauseMs: 0 }));
    await Promise.all([peer.next("open"), cell.heard("messages", ([event]) => event === "open")]);
    process.kill(stage.machine.brokerPid, "SIGKILL");
    await cell.heard("the end of the node", ([event]) => event === "nodeClosed");
    expect(deviceErrors).toEqual(["ERR_CLOSED"]);
    expect(cell.reported("nodeError")).toEqual([["ERR_CLOSED"]]);
    expect([node.closed, node.device.closed, link?.status, channel?.status]).toEqual([true, true, "closed", "closed"]);
    expect(cell.reported("down").at(-1)?.slice(0, 3)).toEqual([1, "closed", false]);
    await expect(link?.ready()).rejects.toMatchObject({ code: "ERR_CLOSED" });
    const item = { epoch: 0, number: 0, fill: new Uint8Array(0) };
    await expect(channel?.send("item", item)).rejects.toMatchObject({ code: "ERR_CLOSED" });
    expect(() => node.link(1)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
    // With nothing left to wait for the other side ends by itself.
    await peer.exited;
    expect([peer.child.exitCode, peer.child.signalCode]).toEqual([0, null]);
    const events = peer.reports.map(([event]) => event);
    expect(events).toEqual(expect.arrayContaining(["nodeError", "down", "nodeClosed"]));
    node.close();
  } finally {
    expect(await stage.close()).toEqual({ faults: [], traces: [] });
  }
});
