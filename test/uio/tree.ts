import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { UioRoots } from "../../src/uio/sysfs.js";

interface FixtureEntry {
  readonly text?: string;
  readonly link?: string;
  readonly dir?: true;
  readonly skip?: true;
  readonly error?: string;
}

/** One map of {@link UioSpec}. */
export interface MapSpec {
  readonly name: string;
  readonly address: number;
  readonly sizeBytes: number;
}

/** A UIO device to be put into a tree. */
export interface UioSpec {
  readonly number?: number;
  readonly address?: string;
  /** @defaultValue uio_ivshmem[<address>] */
  readonly name?: string;
  readonly vendor?: string;
  readonly classCode?: number;
  readonly maps?: readonly MapSpec[];
  readonly deviceNumber?: string;
  readonly config?: Uint8Array;
}

/** Three peers, of which this is number 1, with the sizes of the Raspberry Pi 4. */
export const piMaps: readonly MapSpec[] = [
  { name: "registers", address: 0x10000000, sizeBytes: 0x1000 },
  { name: "state_table", address: 0x3faf0000, sizeBytes: 0x1000 },
  { name: "rw_section", address: 0x3faf1000, sizeBytes: 0x9000 },
  { name: "input_sections", address: 0x3fafa000, sizeBytes: 0x6000 },
  { name: "output_section", address: 0x3fafc000, sizeBytes: 0x2000 },
];

/** A folder with sys, dev and proc in it. */
export class Tree implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "intercell-tree-"));
  readonly roots: UioRoots = {
    sysfsRoot: join(this.root, "sys"),
    deviceDirectory: join(this.root, "dev"),
    procRoot: join(this.root, "proc"),
  };

  constructor() {
    this.directory("/sys/class/uio");
    this.directory("/sys/bus/pci/drivers");
    this.directory("/dev");
    this.directory("/proc/self");
    this.pageSize(4096);
  }

  /** The tree of a file in test/fixtures/sysfs. */
  static fromFixture(name: string): Tree {
    const tree = new Tree();
    const path = fileURLToPath(new URL(`../fixtures/sysfs/${name}.json`, import.meta.url));
    const entries = JSON.parse(readFileSync(path, "utf8")) as Record<string, FixtureEntry>;
    for (const [name, { text, link, dir, skip }] of Object.entries(entries)) {
      if (link !== undefined) tree.link(name, link);
      else if (dir) tree.directory(name);
      else if (text !== undefined || skip) tree.file(name, text ?? "");
    }
    return tree;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  file(name: string, content: string | Uint8Array): void {
    this.directory(dirname(name));
    writeFileSync(this.path(name), content);
  }

  link(name: string, target: string): void {
    this.directory(dirname(name));
    symlinkSync(target, this.path(name));
  }

  directory(name: string): void {
    mkdirSync(this.path(name), { recursive: true });
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** What the auxiliary vector says of the page size. */
  pageSize(bytes: number): void {
    this.file("/proc/self/auxv", new Uint8Array(BigUint64Array.of(33n, 1n, 6n, BigInt(bytes), 0n, 0n).buffer));
  }

  /** Puts an ivshmem function on the bus, as a rule without driver. Gives its folder. */
  addFunction(address: string, protocol: number, driver?: string): string {
    const folder = `/sys/devices/pci/${address}`;
    this.file(`${folder}/vendor`, "0x110a\n");
    this.file(`${folder}/device`, "0x4106\n");
    this.file(`${folder}/class`, `0x${(0xff0000 | protocol).toString(16)}\n`);
    this.file(`${folder}/driver_override`, "(null)\n");
    this.link(`/sys/bus/pci/devices/${address}`, `../../../devices/pci/${address}`);
    if (driver !== undefined) this.bind(address, driver);
    return folder;
  }

  /** Makes a driver known. */
  addDriver(driver: string): void {
    this.file(`/sys/bus/pci/drivers/${driver}/new_id`, "");
    this.file(`/sys/bus/pci/drivers/${driver}/unbind`, "");
    this.file("/sys/bus/pci/drivers_probe", "");
  }

  bind(address: string, driver: string): void {
    this.addDriver(driver);
    this.link(`/sys/devices/pci/${address}/driver`, `../../../bus/pci/drivers/${driver}`);
  }

  /** Puts a UIO device with its PCI function into the tree. Gives the folder of the UIO device. */
  addUio(spec: UioSpec = {}): string {
    const { number = 0, address = "0001:00:00.0", maps = piMaps, deviceNumber = "1:7" } = spec;
    const folder = this.addFunction(address, 0, "uio_ivshmem");
    if (spec.vendor !== undefined) this.file(`${folder}/vendor`, `${spec.vendor}\n`);
    if (spec.classCode !== undefined) this.file(`${folder}/class`, `0x${spec.classCode.toString(16)}\n`);
    if (spec.config !== undefined) this.file(`${folder}/config`, spec.config);
    const uio = `${folder}/uio/uio${number}`;
    this.file(`${uio}/name`, `${spec.name ?? `uio_ivshmem[${address}]`}\n`);
    this.file(`${uio}/dev`, `${deviceNumber}\n`);
    this.file(`${uio}/event`, "5\n");
    this.link(`${uio}/device`, `../../../${address}`);
    this.link(`/sys/class/uio/uio${number}`, `../../devices/pci/${address}/uio/uio${number}`);
    maps.forEach((map, index) => {
      this.file(`${uio}/maps/map${index}/name`, `${map.name}\n`);
      this.file(`${uio}/maps/map${index}/addr`, `0x${map.address.toString(16).padStart(16, "0")}\n`);
      this.file(`${uio}/maps/map${index}/size`, `0x${map.sizeBytes.toString(16).padStart(16, "0")}\n`);
      this.file(`${uio}/maps/map${index}/offset`, "0x0\n");
    });
    return uio;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
