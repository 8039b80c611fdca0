import { ErrorCode, IntercellError, systemError } from "../errors.js";
import { bindCanSocket, CanProtocol, closeDescriptor, type Descriptor, startHardwareTimestamps } from "../native.js";
import type { CanBus, CanBusStatistics } from "./bus.js";
import { BusHandle } from "./bus-handle.js";
import { type CanInterface, findInterface, openDescriptor } from "./can-descriptor.js";
import {
  applyOptions,
  type CheckedSocketOptions,
  checkSocketOptions,
  type SocketCanOptions,
  setReceiveBuffer,
  setSendBuffer,
} from "./socket-options.js";
import { SocketTransport } from "./socket-transport.js";

/** In place of an interface's name: all of them, those that come later too. Such a handle receives and does not send. */
export const ALL_INTERFACES = "any";

/** A handle on an interface of the kernel, or on all of them. */
export interface SocketCanBus extends CanBus {
  /** Index of the interface (`ip link`), 0 for all; another one after the interface was removed and opened again. */
  readonly interfaceIndex: number;
  /**
   * Bytes that the kernel holds for this handle before it drops frames, as it counts them: twice what was asked for, or less
   * if it allowed less.
   */
  readonly receiveBufferBytes: number;
  /** Bytes that frames on their way from this handle may take, as the kernel counts them. */
  readonly sendBufferBytes: number;
}

/**
 * Opens a CAN interface of the kernel, by a CAN_RAW socket. The interface may be down: frames flow once it is up.
 *
 * @param interfaceName such as `can0`, or {@link ALL_INTERFACES}.
 * @throws TypeError or RangeError if an option is wrong; IntercellError `EAFNOSUPPORT` or `EPROTONOSUPPORT` if the kernel has
 * no CAN, `ENODEV` if there is no such interface, `ERR_CONFIG` if it is of another kind, `ERR_UNSUPPORTED` if interface or
 * kernel lack what the options ask for.
 */
export function openSocketCan(interfaceName: string, options: SocketCanOptions = {}): Promise<SocketCanBus> {
  // Nothing waits yet; errors are rejections all the same.
  return new Promise((resolve) => resolve(openSocketHandle(interfaceName, options)));
}

/** Whether a bus is one interface of the kernel, whose name it has. */
export function isSocketCan(bus: CanBus): bus is SocketCanBus {
  const { interfaceIndex } = bus as Partial<SocketCanBus>;
  return interfaceIndex !== undefined && interfaceIndex !== 0;
}

/** {@link openSocketCan} for those who cannot wait. */
export function openSocketHandle(name: string, options: SocketCanOptions): SocketCanBus {
  if (typeof name !== "string" || name === "")
    throw new TypeError("The name of a CAN interface is a string such as can0");
  const checked = checkSocketOptions(options);
  const fd = openDescriptor(CanProtocol.RAW);
  try {
    return setUp(fd, name, checked);
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

function setUp(fd: Descriptor, name: string, options: CheckedSocketOptions): SocketCanBus {
  const found = name === ALL_INTERFACES ? allInterfaces : findInterface(name);
  requireSupport(found, options);
  applyOptions(fd, options, found);
  const receiveBufferBytes = setReceiveBuffer(fd, options.receiveBufferBytes);
  const sendBufferBytes = setSendBuffer(fd, options.sendBufferBytes);
  const errno = bindCanSocket(fd, found.index);
  if (errno !== 0) throw systemError({ errno, syscall: "bind", path: name, wanted: "open the interface" });
  const transport = new SocketTransport(fd, found, options);
  const handle = new SocketHandle(transport, found, options, receiveBufferBytes, sendBufferBytes);
  transport.start(handle);
  return handle;
}

const allInterfaces: CanInterface = { name: ALL_INTERFACES, index: 0, up: true, fd: true, xl: true };

function requireSupport({ name, index, fd, xl }: CanInterface, options: CheckedSocketOptions): void {
  const refuse = (what: string, advice: string) => {
    throw new IntercellError(ErrorCode.UNSUPPORTED, `Cannot open ${name} with ${what}. ${advice}`, { path: name });
  };
  if (options.fd === true && !fd) {
    refuse(
      "fd as it carries classic frames only (MTU 16)",
      `Set it up for CAN FD, or a vcan: ip link set ${name} mtu 72.`,
    );
  }
  if (options.xl && !xl) {
    refuse("xl as it carries no CAN XL frames", `Set it up for CAN XL, or a vcan: ip link set ${name} mtu 2060.`);
  }
  if (options.hardwareTimestamps && (index === 0 || !startHardwareTimestamps(name))) {
    refuse(
      "hardwareTimestamps as the device has no clock",
      "Leave them away: the kernel's timestamps are always there.",
    );
  }
}

class SocketHandle extends BusHandle implements SocketCanBus {
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly #transport: SocketTransport;

  constructor(
    transport: SocketTransport,
    found: CanInterface,
    options: CheckedSocketOptions,
    receiveBufferBytes: number,
    sendBufferBytes: number,
  ) {
    const status = found.up ? "up" : "down";
    super({ carriage: transport.carriage, options, loopback: options.loopback, status, transport });
    this.#transport = transport;
    this.receiveBufferBytes = receiveBufferBytes;
    this.sendBufferBytes = sendBufferBytes;
  }

  get interfaceIndex(): number {
    return this.#transport.interfaceIndex;
  }

  /** With the drops that the kernel has counted since the last frame that came. */
  override get statistics(): CanBusStatistics {
    const statistics = super.statistics;
    return { ...statistics, droppedFrames: statistics.droppedFrames + this.#transport.pendingDrops };
  }
}
