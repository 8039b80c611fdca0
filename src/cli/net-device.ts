import { type IvshmemNet, openIvshmemNet } from "../ivshmem-net/index.js";
import { MachineEnvironment, openSim } from "../sim/index.js";
import { openUio } from "../uio/index.js";

/** Which network device a command opens, and how. */
export interface NetDeviceOptions {
  /** A path or PCI address of a device that `uio_ivshmem` drives. */
  readonly device?: string | undefined;
  /** A simulated machine, and the peer of its network device. */
  readonly sim?: string | undefined;
  readonly peer?: number | undefined;
  readonly mtu?: number | undefined;
}

const NET_PROTOCOL = 1;

/**
 * Opens the endpoint of the device that is named; without a name the simulated machine's of the environment, or else the
 * only network device that `uio_ivshmem` drives.
 *
 * @throws IntercellError as of `openSim()`, `openUio()` and `openIvshmemNet()`.
 */
export async function openNetDevice(options: NetDeviceOptions, signal: AbortSignal): Promise<IvshmemNet> {
  const { device, sim, peer, mtu } = options;
  if (device !== undefined && sim !== undefined) throw new TypeError("Give one of --device and --sim, not both");
  const isSimulated =
    sim !== undefined || (device === undefined && process.env[MachineEnvironment.MACHINE] !== undefined);
  const opened = isSimulated
    ? await openSim({ machine: sim, peer, device: "net", signal })
    : await openUio(device ?? { protocol: NET_PROTOCOL });
  try {
    return openIvshmemNet(opened, mtu === undefined ? {} : { mtu });
  } catch (error) {
    opened.close();
    throw error;
  }
}
