import {
  EtherType,
  type FramePort,
  findLinkLocalAddress,
  openPacketSocket,
  type PingEcho,
  type PingReport,
  type PingStation,
  pingPeer,
} from "../ivshmem-net/index.js";
import { parseIpv6Address } from "../netlink/ip-address.js";
import { CommandFailure } from "./exit.js";
import { Interruption, withInterruption } from "./interruption.js";
import { type NetDeviceOptions, openNetDevice } from "./net-device.js";
import { formatEcho, formatReport, lossPercent } from "./ping-text.js";

/** Options of `intercell net ping`. */
export interface NetPingOptions extends NetDeviceOptions {
  readonly count?: number | undefined;
  readonly interval?: number | undefined;
  readonly size?: number | undefined;
  readonly timeout?: number | undefined;
  /** Milliseconds to wait until the link is up. */
  readonly wait?: number | undefined;
  readonly quiet?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Where to ping from. */
interface PingTarget {
  readonly port: FramePort & { ready(options: { signal: AbortSignal; timeoutMs: number }): Promise<void> };
  readonly station: PingStation | undefined;
}

const DEFAULT_WAIT_MS = 5_000;

/**
 * Pings the peer behind an interface of the kernel, or behind a network device that this process takes over.
 *
 * @throws CommandFailure if nobody answered; IntercellError `ERR_TIMEOUT` if the link does not come up.
 */
export async function pingNet(interfaceName: string | undefined, options: NetPingOptions): Promise<void> {
  const { json = false, wait = DEFAULT_WAIT_MS } = options;
  await withInterruption(async (signal) => {
    const { port, station } = await openTarget(interfaceName, options, signal);
    using _ = port;
    await port.ready({ signal, timeoutMs: wait });
    if (!json) print(`PING ff02::1%${port.name} from ${describeStation(station)}: ${options.size ?? 56} data bytes`);
    const report = await pingPeer(port, { ...pingOptions(options, port, signal), station });
    if (port.closed) throw new CommandFailure(`${port.name} is gone: ${describe(report)}`);
    if (json) print(JSON.stringify({ name: port.name, ...report, lossPercent: lossPercent(report) }));
    else process.stdout.write(formatReport(port.name, report));
    if (report.received > 0) return;
    // It was ended before the first could be answered.
    if (report.unanswered > 0 && report.timedOut === 0 && signal.reason instanceof Interruption) throw signal.reason;
    throw new CommandFailure(explainSilence(port));
  });
}

async function openTarget(
  interfaceName: string | undefined,
  options: NetPingOptions,
  signal: AbortSignal,
): Promise<PingTarget> {
  if (interfaceName === undefined) return { port: await openNetDevice(options, signal), station: undefined };
  const named = [options.device, options.sim, options.peer, options.mtu].some((option) => option !== undefined);
  if (named) throw new TypeError("Name an interface, or a device by --device or --sim, not both");
  const port = openPacketSocket(interfaceName, { etherType: EtherType.IPV6 });
  const address = findLinkLocalAddress(interfaceName);
  const ipAddress = address === undefined ? undefined : parseIpv6Address(address);
  return { port, station: { macAddress: port.address, ipAddress } };
}

function pingOptions(options: NetPingOptions, port: FramePort, signal: AbortSignal) {
  const { count, interval, size, timeout, json = false, quiet = false } = options;
  const isShown = !json && !quiet;
  const late = (sequence: number) => print(`icmp_seq=${sequence} no answer within ${timeout ?? 1000} ms`);
  return {
    ...{ count, intervalMs: interval, sizeBytes: size, timeoutMs: timeout, signal },
    onEcho: isShown ? (echo: PingEcho) => print(formatEcho(port.name, echo)) : undefined,
    onTimeout: isShown ? late : undefined,
  };
}

function describeStation(station: PingStation | undefined): string {
  return station?.ipAddress === undefined ? "an address of its own" : "the interface's link-local address";
}

function describe({ transmitted, received }: PingReport): string {
  return `${transmitted} packets transmitted, ${received} received`;
}

function explainSilence(port: FramePort): string {
  return (
    `Nobody behind ${port.name} answered. Pings are answered by the IP stack of the other cell: its interface must be up, ` +
    "and have IPv6 (an MTU of 1280 or more; sysctl net.ipv6.conf.<interface>.disable_ipv6=0)"
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
