import { ErrorCode, IntercellError } from "../errors.js";
import { fence } from "../uio/atomic.js";
import type { IvshmemDevice } from "../uio/device.js";
import { ReadonlySection } from "../uio/section.js";
import { type NetGeometry, netGeometry } from "./geometry.js";
import { ReceiveRing } from "./receive-ring.js";
import { type SectionViews, viewSection } from "./ring-event.js";
import { TransmitRing } from "./transmit-ring.js";

/** Protocol id of a virtual Ethernet device (ivshmem v2 specification, "Protocol"). */
export const NET_PROTOCOL = 1;

const PEERS = 2;

/** Both rings of a device, in the sections of its two peers. */
export class NetRings {
  readonly geometry: NetGeometry;
  readonly transmit: TransmitRing;
  readonly receive: ReceiveRing;
  readonly #own: SectionViews;

  /** @throws IntercellError `ERR_UNSUPPORTED`, `ERR_CONFIG` or `ERR_NO_SECTION` if the device is none for ivshmem-net. */
  constructor(device: IvshmemDevice) {
    const own = sectionOf(device);
    this.geometry = netGeometry(own.byteLength);
    this.#own = viewSection(own);
    const peer = viewSection(ReadonlySection.memoryOf(device.inputSection(1 - device.id)));
    this.transmit = new TransmitRing(this.geometry, this.#own, peer);
    this.receive = new ReceiveRing(this.geometry, this.#own, peer);
  }

  /** Clears the own section. What it held must not be looked at any more: the own state is below READY. */
  reset(): void {
    this.#own.bytes.fill(0);
    this.transmit.reset();
    this.receive.reset();
    // The state word that follows says that the section is clear.
    fence();
  }
}

function sectionOf(device: IvshmemDevice): Uint8Array {
  const { name, protocol, maxPeers, outputSection } = device;
  if (protocol !== NET_PROTOCOL) {
    throw new IntercellError(
      ErrorCode.UNSUPPORTED,
      `${name} has protocol 0x${protocol.toString(16)}, but a network is protocol 0x${NET_PROTOCOL.toString(16)} ` +
        "(shmem_protocol in the cell configurations); open another device",
    );
  }
  if (maxPeers !== PEERS) {
    throw new IntercellError(
      ErrorCode.CONFIG,
      `${name} has ${maxPeers} peers, but a network has ${PEERS}. Correct shmem_peers in the cell configurations.`,
    );
  }
  if (outputSection === undefined) {
    throw new IntercellError(
      ErrorCode.NO_SECTION,
      `${name} has no output sections, in which the frames would lie; give it some in the cell configurations`,
    );
  }
  return outputSection.bytes;
}
