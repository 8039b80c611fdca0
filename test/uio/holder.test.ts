import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findHolders } from "../../src/uio/index.js";
import { Tree } from "./tree.js";

let tree: Tree;
const children: ChildProcess[] = [];

beforeEach(() => {
  tree = new Tree();
});
afterEach(async () => {
  tree[Symbol.dispose]();
  for (const child of children.splice(0)) {
    child.stdin?.end();
    await once(child, "close");
  }
});

/** A process that has the file open until its standard input ends. Gives its pid. */
async function holdOpen(path: string): Promise<number> {
  const child = spawn("sh", ["-c", `exec 9<>"${path}"; echo ready; read line || true`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  if (child.stdout !== null) await once(child.stdout, "data");
  return child.pid ?? -1;
}

const pidsOf = async (path: string, procRoot?: string) =>
  (await findHolders(path, procRoot)).holders.map(({ pid }) => pid);

describe("findHolders()", () => {
  test("findHolders() names the processes that have a file open, with their commands", async () => {
    tree.file("/dev/uio0", "");
    const path = tree.path("/dev/uio0");
    expect((await findHolders(path)).holders).toEqual([]);
    const pid = await holdOpen(path);
    expect((await findHolders(path)).holders).toEqual([{ pid, command: expect.stringMatching(/^sh -c exec 9/) }]);
  });

  test("findHolders() names this process when it has the file open itself", async () => {
    tree.file("/dev/uio0", "");
    const path = tree.path("/dev/uio0");
    const descriptor = openSync(path, "r");
    expect(await pidsOf(path)).toEqual([process.pid]);
    closeSync(descriptor);
    expect(await pidsOf(path)).toEqual([]);
  });

  test("findHolders() recognises a device by its number when it was opened under another name", async () => {
    tree.link("/dev/uio0", "/dev/full");
    const pid = await holdOpen("/dev/full");
    expect(await pidsOf(tree.path("/dev/uio0"))).toContain(pid);
    expect(await pidsOf("/dev/zero")).not.toContain(pid);
  });

  test("findHolders() finds a process that has only a mapping left", async () => {
    tree.file("/dev/uio0", "");
    const path = tree.path("/dev/uio0");
    tree.directory("/proc/77/fd");
    tree.file("/proc/77/cmdline", "python3\0hold.py\0");
    tree.file("/proc/77/maps", `7f00-7f01 rw-s 00002000 00:05 99   ${path}2\n`);
    expect(await pidsOf(path, tree.roots.procRoot)).toEqual([]);
    tree.file("/proc/77/maps", `7f00-7f01 rw-s 00002000 00:05 99   ${path}\n`);
    const { holders } = await findHolders(path, tree.roots.procRoot);
    expect(holders).toEqual([{ pid: 77, command: "python3 hold.py" }]);
  });

  test("findHolders() counts the processes that it may not look at, and passes over those that end", async () => {
    tree.file("/dev/uio0", "");
    tree.directory("/proc/78");
    tree.file("/proc/79/fd", "not a folder");
    const { holders, unseenCount } = await findHolders(tree.path("/dev/uio0"), tree.roots.procRoot);
    expect([holders, unseenCount]).toEqual([[], 1]);
  });

  test("findHolders() cuts off a long command", async () => {
    tree.file("/dev/uio0", "");
    tree.link("/proc/80/fd/3", tree.path("/dev/uio0"));
    tree.file("/proc/80/cmdline", "x".repeat(5000));
    const { holders } = await findHolders(tree.path("/dev/uio0"), tree.roots.procRoot);
    expect(holders[0]?.command).toBe("x".repeat(80));
  });

  test("findHolders() rejects when there is no such file", async () => {
    await expect(findHolders(tree.path("/dev/uio9"))).rejects.toThrow(/ENOENT/);
  });
});
