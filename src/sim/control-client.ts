import { IntercellError } from "../errors.js";
import type { Connection } from "../native.js";
import { greetBroker, machineGone, type WaitOptions } from "./client.js";
import { type Control, type ControlResponse, decodeControl, encodeControl } from "./control.js";
import { ClientKind } from "./wire.js";

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The management side's end of its connection to a broker. */
export class ControlClient {
  readonly #machine: string;
  readonly #connection: Connection;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  /** @internal Use {@link connectControl}. */
  constructor(machine: string, connection: Connection) {
    this.#machine = machine;
    this.#connection = connection;
    connection.handle({ message: ({ bytes }) => this.#settle(bytes), end: () => this.#abandon() });
    connection.keepAlive(false);
  }

  /** @throws IntercellError with the broker's code, or `ERR_CLOSED` if the machine is gone. */
  async request<M extends keyof Control>(
    method: M,
    parameters: Parameters<Control[M]>[0],
  ): Promise<Awaited<ReturnType<Control[M]>>> {
    if (this.#connection.closed) throw machineGone(this.#machine);
    this.#lastId += 1;
    const id = this.#lastId;
    try {
      this.#connection.send(encodeControl({ id, method, parameters }));
    } catch (cause) {
      throw machineGone(this.#machine, cause);
    }
    this.#connection.keepAlive(true);
    const result = await new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    return result as Awaited<ReturnType<Control[M]>>;
  }

  /** What was asked and is not answered is rejected. Idempotent. */
  close(): void {
    this.#connection.close();
    this.#abandon();
  }

  #settle(bytes: Uint8Array): void {
    const response = decodeControl<ControlResponse>(bytes);
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (this.#pending.size === 0) this.#connection.keepAlive(false);
    if ("error" in response) pending?.reject(new IntercellError(response.error.code, response.error.message));
    else pending?.resolve(response.result);
  }

  #abandon(): void {
    for (const { reject } of this.#pending.values()) reject(machineGone(this.#machine));
    this.#pending.clear();
  }
}

/** Connects to the broker of `machine` as its management side. */
export async function connectControl(machine: string, wait: WaitOptions): Promise<ControlClient> {
  const hello = { kind: ClientKind.CONTROL, device: 0, peer: 0 };
  return await greetBroker(
    machine,
    hello,
    wait,
    (_welcome, _none, connection) => new ControlClient(machine, connection),
  );
}
