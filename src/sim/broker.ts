import { constants } from "node:os";
import { isIntercellError } from "../errors.js";
import { Connection, closeDescriptor, type Descriptor, Listener, type Message, peerCredentials } from "../native.js";
import { CellTable } from "./cell-table.js";
import { ControlSession } from "./control-session.js";
import {
  type DeviceGeometry,
  describeDevice,
  deviceGeometry,
  resolveDevice,
  type SimCellOptions,
  type SimDeviceOptions,
} from "./geometry.js";
import { HypervisorDevice } from "./hypervisor.js";
import { socketName } from "./names.js";
import { ClientKind, connectionOptions, decodeHello, encodeWelcome, type Hello } from "./wire.js";

/** `ESHUTDOWN` (asm-generic/errno.h), which os.constants lacks on Linux. */
const ESHUTDOWN = 108;

/** What a machine is made of, as its starter tells its broker. */
export interface BrokerOptions {
  readonly name: string;
  readonly devices: readonly SimDeviceOptions[];
  readonly cells: readonly SimCellOptions[];
  /** The process that started the machine: a cell that lives in it is told to stop instead of killed. */
  readonly ownerPid: number;
}

/** A client that may not be served, with the errno it is told. */
interface Refusal {
  readonly errno: number;
  readonly reason: string;
}

const noGeometry: DeviceGeometry = {
  protocol: 0,
  peers: 0,
  vectors: 0,
  stateTableBytes: 0,
  rwBytes: 0,
  outputBytes: 0,
};

/**
 * The hypervisor's management side of a simulated machine: it owns the memory and the interrupt lines, plugs cells in
 * and notices when one is gone. The traps themselves (doorbells, state changes) run in the cells' own processes.
 */
export class Broker {
  readonly #devices: readonly HypervisorDevice[];
  readonly #cells: CellTable;
  readonly #listener: Listener;
  readonly #connections = new Set<Connection>();
  #closed = false;

  constructor(options: BrokerOptions) {
    // First, so that a name in use costs nothing.
    this.#listener = new Listener(socketName(options.name), (descriptor) => this.#serve(descriptor));
    this.#devices = options.devices.map(
      (device, index) => new HypervisorDevice(`intercell:${options.name}:${index}`, deviceGeometry(device)),
    );
    this.#cells = new CellTable(options.cells, this.#devices, options.ownerPid);
  }

  /** Stops every process that was started as a cell and frees everything. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cells.killStarted();
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    for (const device of this.#devices) device.close();
  }

  #serve(descriptor: Descriptor): void {
    const { pid, uid } = peerCredentials(descriptor);
    let session: Session | undefined;
    const connection = new Connection(descriptor, connectionOptions, {
      message: ({ bytes, descriptors }: Message) => {
        for (const unexpected of descriptors) closeDescriptor(unexpected);
        try {
          if (session !== undefined) session.message(bytes);
          else session = this.#greet(connection, bytes, pid, uid);
        } catch {
          // Nonsense from one client, or no descriptors left for it: it is hung up on, the machine goes on.
          this.#hangUp(connection, () => session?.end());
        }
      },
      end: () => {
        this.#connections.delete(connection);
        session?.end();
      },
    });
    this.#connections.add(connection);
  }

  /** Answers the first message of a client; a client that is refused is told why and hung up on. */
  #greet(connection: Connection, bytes: Uint8Array, pid: number, uid: number): Session | undefined {
    const answer = this.#judge(bytes, uid);
    if ("errno" in answer) {
      this.#refuse(connection, answer);
      return undefined;
    }
    const { kind, device, peer } = answer;
    if (kind === ClientKind.CONTROL) {
      connection.send(encodeWelcome({ errno: 0, reason: "", device, peer, geometry: noGeometry, descriptorCount: 0 }));
      return new ControlSession(connection, this.#cells, this.#devices);
    }
    const hypervisor = this.#devices[device] as HypervisorDevice;
    const descriptors = hypervisor.attach(peer);
    const detached = this.#cells.attach({ connection, device, peer, pid });
    try {
      const { geometry } = hypervisor;
      const descriptorCount = descriptors.length;
      connection.send(encodeWelcome({ errno: 0, reason: "", device, peer, geometry, descriptorCount }), descriptors);
    } catch {
      // It died while it waited for the answer; the hang-up that follows detaches it.
    }
    return { message: () => this.#hangUp(connection, detached), end: detached };
  }

  /** Whether the hello of a client of `uid` can be granted. */
  #judge(bytes: Uint8Array, uid: number): Hello | Refusal {
    if (uid !== process.getuid?.()) {
      return { errno: constants.errno.EPERM, reason: `This machine belongs to another user than ${uid}.` };
    }
    let hello: Hello;
    try {
      hello = decodeHello(bytes);
    } catch (error) {
      const reason = isIntercellError(error) ? error.message : String(error);
      return { errno: constants.errno.EPROTO, reason };
    }
    if (hello.kind !== ClientKind.CELL) return hello;
    const device = resolveDevice(
      hello.device,
      this.#devices.map(({ geometry }) => geometry),
    );
    const cell = { ...hello, device };
    return this.#judgeCell(cell) ?? cell;
  }

  #judgeCell({ device, peer }: Hello): Refusal | undefined {
    const { errno } = constants;
    const geometry = this.#devices[device]?.geometry;
    if (geometry === undefined) {
      return {
        errno: errno.ENODEV,
        reason: `The machine has ${this.#devices.length} devices, counted from 0; there is no ${describeDevice(device)}.`,
      };
    }
    if (peer >= geometry.peers) {
      return { errno: errno.EINVAL, reason: `Device ${device} has peers 0 to ${geometry.peers - 1}, not ${peer}.` };
    }
    const holder = this.#cells.holder(device, peer);
    if (holder !== undefined) {
      return { errno: errno.EBUSY, reason: `Peer ${peer} of device ${device} is in use by process ${holder}.` };
    }
    const fault = this.#cells.startFault(peer);
    return fault === undefined ? undefined : { errno: ESHUTDOWN, reason: fault };
  }

  #refuse(connection: Connection, { errno, reason }: Refusal): void {
    try {
      const geometry = noGeometry;
      connection.send(encodeWelcome({ errno, reason, device: 0, peer: 0, geometry, descriptorCount: 0 }));
    } catch {
      // It did not wait for the answer.
    }
    this.#hangUp(connection, () => undefined);
  }

  #hangUp(connection: Connection, end: () => void): void {
    connection.close();
    this.#connections.delete(connection);
    end();
  }
}

/** What a client is after its hello. */
interface Session {
  message(bytes: Uint8Array): void;
  end(): void;
}
