import type { CellInfo, StopKind } from "./cell.js";
import type { PeerInspection } from "./hypervisor.js";

/** What the management side asks of the broker; `Control[method]` maps its parameters to its result. */
export type Control = {
  cells: (parameters: Record<string, never>) => readonly CellInfo[];
  inspect: (parameters: Record<string, never>) => readonly DeviceInspection[];
  /** Cleans up after a crash and resets the cell. Refused while it runs. */
  prepareCell: (parameters: { readonly cell: CellReference }) => CellInfo;
  cellStarted: (parameters: { readonly cell: number; readonly pid: number }) => null;
  cellExited: (parameters: { readonly cell: number; readonly pid: number }) => null;
  stopCell: (parameters: { readonly cell: CellReference; readonly how: StopKind }) => Promise<CellInfo>;
};

/** A cell by its id or its name. */
export type CellReference = number | string;

/** One device of the machine as its hypervisor sees it. */
export interface DeviceInspection {
  readonly protocol: number;
  /** By peer id. */
  readonly peers: readonly PeerInspection[];
}

/** One request, as JSON. */
export interface ControlRequest {
  readonly id: number;
  readonly method: keyof Control;
  readonly parameters: unknown;
}

/** The answer to the request of the same id, as JSON. */
export type ControlResponse =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

export function encodeControl(message: ControlRequest | ControlResponse): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws SyntaxError if the bytes are not JSON. */
export function decodeControl<T extends ControlRequest | ControlResponse>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
