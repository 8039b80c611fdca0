import type { CanSubscription } from "../bus.js";
import { exactFilter } from "../filter.js";
import { dataFrame, fdFrame } from "../frame.js";
import { openSocketHandle, type SocketCanBus } from "../socket-can.js";
import type { KernelIsoTpTerms } from "./kernel-options.js";
import { decodeNetworkPdu, encodeSingle } from "./pci.js";

/** N_As of functional frames, in milliseconds; the kernel's own is 2 s and not to be set. */
const N_AS_MS = 1000;

/**
 * Functional requests beside a CAN_ISOTP socket, which has one pair of ids: they are single frames, so that a CAN_RAW socket
 * does, which also knows when its frames were on the bus. (`CAN_ISOTP_SF_BROADCAST` does not.)
 */
export class FunctionalFrames {
  readonly #bus: SocketCanBus;
  readonly #terms: KernelIsoTpTerms;
  readonly #subscription: CanSubscription | undefined;

  /** @param received called with each PDU that came; a copy. */
  constructor(interfaceName: string, terms: KernelIsoTpTerms, received: (pdu: Uint8Array) => void) {
    const { functionalTxId, functionalRxId, functionalRxByte } = terms.address;
    const ids = [functionalTxId, functionalRxId].flatMap((id) => (id === undefined ? [] : [id]));
    this.#terms = terms;
    this.#bus = openSocketHandle(interfaceName, { filters: ids.map(exactFilter), errorMask: 0 });
    if (functionalRxId === undefined) return;
    const start = functionalRxByte === undefined ? 0 : 1;
    const onFrame = (data: Uint8Array): void => {
      if (start === 1 && data[0] !== functionalRxByte) return;
      const pdu = decodeNetworkPdu(data, start);
      if (pdu?.type === "single") received(pdu.data.slice());
    };
    this.#subscription = this.#bus.listen(
      ({ frame }) => {
        if (frame.kind === "data" || frame.kind === "fd") onFrame(frame.data);
      },
      { filters: [exactFilter(functionalRxId)] },
    );
  }

  /** Sends a PDU of one frame; resolves once that was on the bus. @throws as {@link SocketCanBus.sendConfirmed}. */
  async send(pdu: Uint8Array, signal: AbortSignal): Promise<void> {
    const { address, txDl, padding, fd, bitRateSwitch } = this.#terms;
    const id = address.functionalTxId ?? address.txId;
    const data = encodeSingle({ prefix: address.functionalTxByte, txDl, padding }, pdu);
    const frame = fd ? fdFrame(id, data, { bitRateSwitch }) : dataFrame(id, data);
    await this.#bus.sendConfirmed(frame, { signal, timeoutMs: N_AS_MS });
  }

  close(): void {
    this.#subscription?.close();
    this.#bus.close();
  }
}
