import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { requirePrograms, run } from "./command.mjs";

/** What it takes to reach the host's files. */
const MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio-rng"];

/**
 * Packs busybox, the modules that reach the host's files and an init that makes the host's root its own.
 *
 * @param {import("./kernel.mjs").Kernel} kernel
 * @param {string} folder - Where to work; the archive is left there.
 * @returns {string} The path of the archive.
 */
export function packInitramfs(kernel, folder) {
  const { busybox, modprobe } = requirePrograms({ busybox: "busybox-static", modprobe: "kmod" });
  const tree = join(folder, "initramfs");
  for (const name of ["bin", "modules", "proc", "sys", "dev", "host", "top"]) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  copyFileSync(busybox, join(tree, "bin/busybox"));
  const paths = MODULES.flatMap((name) => dependencies(modprobe, kernel, name));
  const ordered = [...new Set(paths)];
  for (const path of ordered) copyFileSync(path, join(tree, "modules", basename(path)));
  writeFileSync(join(tree, "modules/order"), ordered.map((path) => `${basename(path)}\n`).join(""));
  copyFileSync(join(dirname(new URL(import.meta.url).pathname), "init.sh"), join(tree, "init"));
  chmodSync(join(tree, "init"), 0o755);
  const names = run("find", [".", "-print0"], { cwd: tree }).toString().replaceAll("\0", "\n");
  const archive = join(folder, "initramfs.cpio");
  writeFileSync(archive, run(busybox, ["cpio", "-o", "-H", "newc"], { cwd: tree, input: names }));
  rmSync(tree, { recursive: true });
  return archive;
}

/** Paths of a module and of those it wants, in the order to load them. */
function dependencies(modprobe, { root, release }, name) {
  const lines = run(modprobe, ["-d", root, "-S", release, "--show-depends", name]).toString().split("\n");
  return lines.flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []);
}
