import { openCarriedLink } from "../../carried/open.js";
import type { CarriedLinkOptions } from "../../carried/options.js";
import { IvshmemNet } from "../endpoint.js";
import { randomAddress } from "../ethernet/frame.js";
import type { FramePort } from "../ethernet/frame-port.js";
import { openPacketSocket } from "../ethernet/packet-socket.js";
import { EthernetCarrier } from "./carrier.js";
import { EthernetLink } from "./link.js";
import { type CheckedEthernetOptions, checkEthernetOptions, type EthernetLinkOptions, requireMtu } from "./options.js";

/**
 * Opens the link to the other end of a network, in Ethernet frames of a type of its own: for a peer that has no IP stack, or where none
 * is wanted. It comes up once the peer is there, and again each time that it was gone; {@link EthernetLink.ready} waits for it.
 *
 * @param where - An interface of the kernel by its name, such as `eth1`, which takes CAP_NET_RAW; or an endpoint in user
 * space, which stays open.
 * @throws TypeError or RangeError for the options.
 * @throws IntercellError `EPERM` without CAP_NET_RAW, `ERR_NOT_FOUND` if there is no such interface, `ERR_UNSUPPORTED` if its frames
 * are too short.
 */
export function openEthernetLink(where: string | IvshmemNet, options: EthernetLinkOptions = {}): EthernetLink {
  const checked = checkEthernetOptions(options);
  if (where instanceof IvshmemNet) return openOnEndpoint(where, checked, carriedOptions(options));
  const port = openPacketSocket(where, { etherType: checked.etherType });
  try {
    return openOnPort(port, { ...checked, address: port.address }, carriedOptions(options), () => port.close());
  } catch (error) {
    port.close();
    throw error;
  }
}

function openOnEndpoint(net: IvshmemNet, checked: CheckedEthernetOptions, options: CarriedLinkOptions): EthernetLink {
  let release = () => {};
  const station = { ...checked, address: randomAddress() };
  return openOnPort(
    net,
    station,
    options,
    () => release(),
    (carrier) => {
      const onRoom = () => carrier.flush();
      net.events.on("room", onRoom);
      release = () => net.events.off("room", onRoom);
    },
  );
}

/** @internal Opens a link on any port. */
export function openOnPort(
  port: FramePort,
  station: ConstructorParameters<typeof EthernetCarrier>[1],
  options: CarriedLinkOptions,
  release: () => void,
  made: (carrier: EthernetCarrier) => void = () => {},
): EthernetLink {
  requireMtu(port);
  return openCarriedLink((host) => {
    const carrier = new EthernetCarrier(port, station, release);
    made(carrier);
    return new EthernetLink(host, carrier);
  }, options);
}

function carriedOptions({ windowBytes, heartbeatMs, stallMs }: EthernetLinkOptions): CarriedLinkOptions {
  return {
    ...(windowBytes !== undefined && { windowBytes }),
    ...(heartbeatMs !== undefined && { heartbeatMs }),
    ...(stallMs !== undefined && { stallMs }),
  };
}
