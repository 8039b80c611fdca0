import { type Command, Option } from "commander";
import type { CanMode, CanSettings } from "../can/index.js";
import { argument, parseCount } from "./argument.js";
import { parseBitRate, parseSamplePoint } from "./bit-rate.js";

interface JsonOption {
  readonly json?: boolean;
}

/** What `intercell can up` is told, by the names that Commander makes of the options. */
interface UpOptions extends JsonOption, Partial<Record<CanMode, boolean>> {
  readonly bitrate?: number;
  readonly samplePoint?: number;
  readonly sjw?: number;
  readonly dbitrate?: number;
  readonly dsamplePoint?: number;
  readonly dsjw?: number;
  readonly restartMs?: number;
  readonly txqueuelen?: number;
  readonly termination?: number;
}

/** The modes with an option of their own, in the words of ip-link(8). */
const modeOptions = [
  ["listen-only", "only listen: neither send nor acknowledge"],
  ["loopback", "hear own frames without a bus"],
  ["one-shot", "send a frame once, whether it arrives or not"],
  ["triple-sampling", "look three times at each bit"],
  ["berr-reporting", "tell each bus error in an error frame"],
  ["presume-ack", "go on when nobody acknowledges"],
] as const;

/** Adds what sets CAN interfaces up and shows them to `intercell can`. */
export function addCanSetupCommands(can: Command): void {
  addCanShowCommands(can);
  addCanUpCommand(can);
  can
    .command("down")
    .description("take an interface down; needs root")
    .argument("<interface>", "such as can0")
    .option("--json", "print what it is then as JSON")
    .action(async (name: string, options: JsonOption) => await configure(name, { up: false }, options));
  can
    .command("restart")
    .description("restart a controller in bus-off; needs root")
    .argument("<interface>", "such as can0")
    .option("--json", "print what it is then as JSON")
    .action(async (name: string, options: JsonOption) => {
      const { restartCanInterface } = await import("../can/index.js");
      restartCanInterface(name);
      await show(name, options);
    });
  addCanCreateCommands(can);
}

function addCanShowCommands(can: Command): void {
  can
    .command("list")
    .description("list the CAN interfaces of this machine")
    .argument("[interface]", "show this one alone")
    .option("--json", "print JSON, with all that is known of each")
    .action(show);
  can
    .command("stats")
    .description("print what went over the interfaces, and their errors")
    .argument("[interface]", "show this one alone")
    .option("--json", "print JSON")
    .action(async (name: string | undefined, { json = false }: JsonOption) => {
      const { formatCanStatistics } = await import("./can-stats.js");
      process.stdout.write(formatCanStatistics(name, json));
    });
}

function addCanUpCommand(can: Command): void {
  const up = can
    .command("up")
    .description("set an interface up and take it up; needs root")
    .argument("<interface>", "such as can0; it must be down if anything is set")
    .option("--bitrate <rate>", "such as 500000, 500k or 1M", argument(parseBitRate))
    .option("--sample-point <point>", "such as 87.5% (default: as CiA recommends)", argument(parseSamplePoint))
    .option("--sjw <quanta>", "synchronisation jump width", argument(parseCount))
    .option("--dbitrate <rate>", "rate of the fast part of CAN FD frames", argument(parseBitRate))
    .option("--dsample-point <point>", "sample point of the fast part", argument(parseSamplePoint))
    .option("--dsjw <quanta>", "synchronisation jump width of the fast part", argument(parseCount))
    .option("--restart-ms <ms>", "restart by itself after bus-off, 0 for not", argument(parseCount))
    .option("--txqueuelen <frames>", "frames that may wait in the kernel", argument(parseCount))
    .option("--termination <ohm>", "of the bus, 0 for none", argument(parseCount))
    .option("--json", "print what it is then as JSON");
  for (const [mode, what] of [["fd", "CAN FD"], ...modeOptions]) {
    up.option(`--${mode}`, what).addOption(new Option(`--no-${mode}`, "not so").hideHelp());
  }
  up.action(async (name: string, options: UpOptions) => await configure(name, settingsOf(options), options));
}

function addCanCreateCommands(can: Command): void {
  can
    .command("create")
    .description("make a CAN bus inside the kernel (vcan), or two interfaces joined by a cable (vxcan); needs root")
    .argument("<interface>", "such as vcan0")
    .option("--peer <interface>", "name of the other end of a cable")
    .option("--no-fd", "for classic frames only")
    .option("--json", "print what it is then as JSON")
    .action(async (name: string, { peer, fd, json }: JsonOption & { peer?: string; fd: boolean }) => {
      const { configureCanInterface, createVcan, createVxcan } = await import("../can/index.js");
      if (peer === undefined) createVcan(name, { fd });
      else {
        createVxcan(name, { peer, fd });
        configureCanInterface(peer, { up: true });
      }
      await show(name, { json: json ?? false });
    });
  can
    .command("delete")
    .description("delete a vcan, or both ends of a vxcan; needs root")
    .argument("<interface>", "such as vcan0")
    .action(async (name: string) => {
      const { deleteCanInterface } = await import("../can/index.js");
      deleteCanInterface(name);
    });
}

function settingsOf(options: UpOptions): CanSettings {
  const { bitrate, samplePoint, sjw, dbitrate, dsamplePoint, dsjw, fd, restartMs, txqueuelen, termination } = options;
  const { listenOnly, loopback, oneShot, tripleSampling, berrReporting, presumeAck } = options;
  const modes = { listenOnly, loopback, oneShot, tripleSampling, berrReporting, presumeAck };
  const given = Object.entries(modes).filter(([, isOn]) => isOn !== undefined);
  return {
    up: true,
    bitRate: bitrate,
    samplePoint,
    jumpWidth: sjw,
    dataBitRate: dbitrate,
    dataSamplePoint: dsamplePoint,
    dataJumpWidth: dsjw,
    fd,
    modes: given.length === 0 ? undefined : Object.fromEntries(given),
    restartMs,
    txQueueLength: txqueuelen,
    terminationOhm: termination,
  };
}

async function configure(name: string, settings: CanSettings, options: JsonOption): Promise<void> {
  const { configureCanInterface } = await import("../can/index.js");
  configureCanInterface(name, settings);
  await show(name, options);
}

async function show(name: string | undefined, { json = false }: JsonOption): Promise<void> {
  const { formatCanListing } = await import("./can-list.js");
  process.stdout.write(formatCanListing(name, json));
}
