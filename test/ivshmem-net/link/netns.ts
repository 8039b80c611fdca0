import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleSource } from "../../../scripts/bundle-source.mjs";
import type { NetLinkOptions } from "../../../src/ivshmem-net/index.js";
import { Program } from "../../support/processes.js";
import { type SkipOptions, skipUnless } from "../../support/skip.js";
import { type LifeNotes, NetLedger } from "./ledger.js";

/** Where one side of a link lives. */
export interface NetPlace {
  readonly namespace: string;
  readonly interfaceName: string;
}

const canPair = (): boolean => {
  if (process.getuid?.() !== 0) return false;
  const name = `ictry${process.pid % 10_000}`;
  const made = spawnSync("ip", ["link", "add", name, "type", "veth", "peer", "name", `${name}b`], { stdio: "ignore" });
  if (made.status === 0) spawnSync("ip", ["link", "delete", name]);
  return made.status === 0;
};

export const needsVeth: SkipOptions = skipUnless(
  canPair(),
  "namespaces with veth pairs want root, ip and the kernel's veth",
);

export function ip(...parameters: readonly string[]): void {
  execFileSync("ip", [...parameters], { stdio: ["ignore", "ignore", "inherit"] });
}

let pairs = 0;

/** Two network namespaces that a veth pair joins. Side n has the addresses 192.0.2.n+1 and a link-local one. */
export class VethPair {
  readonly sides: readonly [NetPlace, NetPlace];

  constructor() {
    pairs++;
    const side = (peer: number): NetPlace => ({
      namespace: `icv${process.pid}-${pairs}-${peer}`,
      interfaceName: `icv${process.pid % 100_000}x${pairs}${peer}`,
    });
    const [left, right] = [side(0), side(1)];
    this.sides = [left, right];
    ip("link", "add", left.interfaceName, "type", "veth", "peer", "name", right.interfaceName);
    for (const [peer, { namespace, interfaceName }] of this.sides.entries()) {
      ip("netns", "add", namespace);
      ip("link", "set", interfaceName, "netns", namespace);
      ip("-n", namespace, "address", "add", `192.0.2.${peer + 1}/24`, "dev", interfaceName);
      this.set(peer as 0 | 1, "up");
    }
  }

  set(peer: 0 | 1, state: "up" | "down"): void {
    const { namespace, interfaceName } = this.sides[peer];
    ip("-n", namespace, "link", "set", interfaceName, state);
  }

  close(): void {
    for (const { namespace } of this.sides) ip("netns", "delete", namespace);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export function programSource(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
}

/** A program of a side. */
export function startProgram(bundle: string, { namespace }: NetPlace, ...parameters: readonly string[]): Program {
  return new Program(bundle, parameters, ["ip", "netns", "exec", namespace]);
}

/** One life of a program that sends and receives, and what it has noted. */
export interface Life {
  readonly number: number;
  readonly program: Program;
  notes(): LifeNotes;
}

/** The lives of the programs on two places, numbered from 0 on as they start. */
export class Lives {
  readonly #bundle: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "intercell-net-"));
  readonly #lives: Life[] = [];

  private constructor(bundle: string) {
    this.#bundle = bundle;
  }

  static async open(): Promise<Lives> {
    return new Lives(await bundleSource(programSource("peer")));
  }

  start(place: NetPlace, options: NetLinkOptions): Life {
    const number = this.#lives.length;
    const path = join(this.#folder, String(number));
    // There before the program has started.
    writeFileSync(path, new Uint8Array(0));
    const parameters = [place.interfaceName, JSON.stringify(options), String(number), path];
    const life = {
      number,
      program: startProgram(this.#bundle, place, ...parameters),
      notes: () => NetLedger.read(path),
    };
    this.#lives.push(life);
    return life;
  }

  /** What was reported as wrong. */
  get faults(): readonly unknown[] {
    return this.#lives.flatMap(({ program }) => program.reports.filter(([event]) => event === "fault"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { program } of this.#lives) {
      program.kill();
      await program.exited;
    }
    rmSync(this.#folder, { recursive: true });
  }
}
