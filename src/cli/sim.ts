import { setTimeout as delay } from "node:timers/promises";
import {
  type DeviceInspection,
  type Machine,
  MachineEnvironment,
  type MachineOptions,
  netDevice,
  type SimDeviceOptions,
  startMachine,
} from "../sim/index.js";
import { withInterruption } from "./interruption.js";

/** Options of `intercell sim`; the device's are those of the simulator, with its defaults. Sizes in bytes. */
export interface SimOptions {
  readonly name?: string | undefined;
  readonly peers?: number | undefined;
  readonly vectors?: number | undefined;
  readonly stateTable?: number | undefined;
  readonly rw?: number | undefined;
  readonly output?: number | undefined;
  /** Size of each output section of the network device; 0 leaves the device out. */
  readonly net?: number | undefined;
  readonly netVectors?: number | undefined;
}

/** Time between two looks at who is there. */
const LOOK_MS = 200;

/**
 * Runs a simulated machine with the demo link and a network until the process is interrupted, and tells who comes and goes.
 *
 * @throws TypeError or RangeError if an option is wrong; IntercellError as `startMachine`, or `ERR_CLOSED` if the
 * machine ends by itself.
 */
export async function runSim(options: SimOptions): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  await withInterruption(async (signal) => {
    await using machine = await startMachine({ ...machineOptions(options), signal });
    await introduce(machine, print);
    await follow(machine, print, signal);
    print(`Machine ${machine.name} ends.`);
  });
}

function machineOptions({ name, net, netVectors, ...options }: SimOptions): MachineOptions {
  const { peers, vectors, stateTable: stateTableBytes, rw: rwBytes, output: outputBytes } = options;
  const device = { peers, vectors, stateTableBytes, rwBytes, outputBytes };
  const given = Object.entries(device).filter(([, value]) => value !== undefined);
  const devices = [Object.fromEntries(given) as SimDeviceOptions, ...networks(net, netVectors)];
  return name === undefined ? { devices } : { name, devices };
}

/** The network device between the root cell and cell 1, unless it has no memory. */
function networks(outputBytes = netDevice.outputBytes, vectors = netDevice.vectors): readonly SimDeviceOptions[] {
  if (outputBytes === 0) return [];
  return [{ ...netDevice, ...(outputBytes && { outputBytes }), ...(vectors && { vectors }) }];
}

async function introduce(machine: Machine, print: (line: string) => void): Promise<void> {
  const [device, network] = await machine.inspect();
  const isNetworked = network !== undefined;
  const cells = await machine.cells();
  print(`Machine ${machine.name} runs. Connect to it from other terminals, each of them one peer:`);
  device?.peers.forEach((_, peer) => {
    const cell = cells.find(({ id }) => id === peer);
    const env = `export ${MachineEnvironment.MACHINE}=${machine.name} ${MachineEnvironment.PEER}=${peer}`;
    print(`  ${env}${cell === undefined ? "" : `  # cell ${cell.name}`}`);
  });
  print(
    `There, openSim() opens the device${isNetworked ? `, openSim({ device: "net" }) the network` : ""}. Ctrl-C ends the machine.`,
  );
}

/** Tells who comes and goes, until it is interrupted. */
async function follow(machine: Machine, print: (line: string) => void, signal: AbortSignal): Promise<void> {
  let before: readonly DeviceInspection[] = [];
  while (!signal.aborted) {
    const devices = await machine.inspect();
    devices.forEach(({ peers }, device) => {
      peers.forEach(({ present }, peer) => {
        if (present === (before[device]?.peers[peer]?.present ?? false)) return;
        print(`Peer ${peer} ${present ? "is there" : "is gone"}${device === 0 ? "" : " on the network"}.`);
      });
    });
    before = devices;
    // An abort ends the wait, and with it the loop.
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}
