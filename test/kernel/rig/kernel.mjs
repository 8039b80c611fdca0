import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MissingError, requirePrograms, run } from "./command.mjs";
import { cacheFolder } from "./paths.mjs";

/** The kernel that the tests run on: that of Debian 12, of the flavour that has CAN and UIO. */
const RELEASE = /^linux-headers-(6\.1\.0-\d+-amd64)$/m;

/**
 * A kernel that is unpacked and can be booted.
 *
 * @typedef {object} Kernel
 * @property {string} release - Such as `6.1.0-56-amd64`.
 * @property {string} root - Folder below which its modules and headers lie, as they would below `/`.
 * @property {string} image - The uncompressed ELF image, which boots in half the time of the compressed one.
 */

/**
 * Gives the kernel of the cache, or downloads the packages of Debian's newest one and unpacks them there. Nothing is
 * installed, and nothing goes into /boot.
 *
 * @returns {Kernel}
 */
export function prepareKernel() {
  requirePrograms({ depmod: "kmod", xz: "xz-utils", "dpkg-deb": "dpkg" });
  const cached = findCached();
  if (cached !== undefined) return cached;
  const release = newestRelease();
  const folder = join(cacheFolder, release);
  const partial = `${folder}.${process.pid}`;
  console.error(`kernel: downloading ${release} into ${cacheFolder}`);
  mkdirSync(join(partial, "packages"), { recursive: true });
  try {
    download(release, join(partial, "packages"));
    unpack(release, partial);
    rmSync(join(partial, "packages"), { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  pointHeaders(release, folder);
  return describe(release);
}

function describe(release) {
  const root = join(cacheFolder, release);
  return { release, root, image: join(root, "vmlinux") };
}

function findCached() {
  const folders = existsSync(cacheFolder) ? readdirSync(cacheFolder) : [];
  const releases = folders.filter((name) => /^6\.1\.0-\d+-amd64$/.test(name));
  const [newest] = releases.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return newest === undefined ? undefined : describe(newest);
}

function newestRelease() {
  requirePrograms({ "apt-cache": "apt", "apt-get": "apt" });
  const [, release] = RELEASE.exec(run("apt-cache", ["pkgnames", "linux-headers-6.1.0-"]).toString()) ?? [];
  const depends = run("apt-cache", ["depends", "linux-headers-amd64"]).toString();
  const [, current] = RELEASE.exec(depends.replace(/^.*Depends:\s*/gm, "")) ?? [];
  const found = current ?? release;
  if (found === undefined) {
    throw new MissingError(
      "The kernel rig needs the packages of Debian 12's kernel 6.1, which apt does not list. Run: apt-get update",
    );
  }
  return found;
}

function download(release, folder) {
  const common = release.replace(/-amd64$/, "-common");
  const packages = [
    `linux-image-${release}`,
    `linux-headers-${release}`,
    `linux-headers-${common}`,
    "linux-kbuild-6.1",
  ];
  try {
    run("apt-get", ["download", "-q", ...packages], { cwd: folder });
  } catch (cause) {
    throw new MissingError(`Cannot download ${packages.join(", ")}. Run: apt-get update\n${cause.message}`, { cause });
  }
}

function unpack(release, folder) {
  for (const name of readdirSync(join(folder, "packages"))) {
    run("dpkg-deb", ["--extract", join(folder, "packages", name), folder]);
  }
  run("depmod", ["-b", folder, release]);
  const compressed = join(folder, "boot", `vmlinuz-${release}`);
  writeFileSync(join(folder, "vmlinux"), extractImage(readFileSync(compressed)));
}

/**
 * The ELF image in a bzImage, whose place the boot protocol tells (Linux, Documentation/x86/boot.rst: setup_sects,
 * payload_offset, payload_length). Its size stands behind the compressed bytes.
 */
function extractImage(image) {
  const setupSectors = image.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  const end = start + image.readUInt32LE(0x24c) - 4;
  const extracted = run("xz", ["--decompress", "--stdout"], { input: image.subarray(start, end) });
  const wantedBytes = image.readUInt32LE(end);
  if (extracted.length !== wantedBytes) {
    throw new Error(`The kernel's image has ${extracted.length} bytes where its header wants ${wantedBytes}`);
  }
  return extracted;
}

/** The headers name each other by where they would be installed. */
function pointHeaders(release, folder) {
  const makefile = join(folder, "usr/src", `linux-headers-${release}`, "Makefile");
  writeFileSync(makefile, readFileSync(makefile, "utf8").replace("include /usr/src/", `include ${folder}/usr/src/`));
}
