import { ErrorCode, IntercellError, isIntercellError } from "../errors.js";
import type { Connection } from "../native.js";
import type { CellTable } from "./cell-table.js";
import {
  type Control,
  type ControlRequest,
  type ControlResponse,
  type DeviceInspection,
  decodeControl,
  encodeControl,
} from "./control.js";
import type { HypervisorDevice } from "./hypervisor.js";

/** The broker's end of a management connection. */
export class ControlSession {
  readonly #connection: Connection;
  readonly #methods: Control;

  constructor(connection: Connection, cells: CellTable, devices: readonly HypervisorDevice[]) {
    this.#connection = connection;
    this.#methods = {
      cells: () => cells.list(),
      inspect: () => devices.map(inspection),
      prepareCell: ({ cell }) => cells.prepare(cell),
      cellStarted: ({ cell, pid }) => {
        cells.started(cell, pid);
        return null;
      },
      cellExited: ({ cell, pid }) => {
        cells.exited(cell, pid);
        return null;
      },
      stopCell: ({ cell, how }) => cells.stop(cell, how),
    };
  }

  message(bytes: Uint8Array): void {
    const request = decodeControl<ControlRequest>(bytes);
    void this.#answer(request).then((response) => {
      try {
        this.#connection.send(encodeControl(response));
      } catch {
        // Whoever asked is gone.
      }
    });
  }

  end(): void {
    // What was asked is carried out all the same.
  }

  async #answer({ id, method, parameters }: ControlRequest): Promise<ControlResponse> {
    try {
      if (!Object.hasOwn(this.#methods, method)) {
        throw new IntercellError(ErrorCode.PROTOCOL, `There is no request ${method}; use one release on both sides`);
      }
      const call = this.#methods[method] as (parameters: unknown) => unknown;
      return { id, result: await call(parameters) };
    } catch (error) {
      const code = isIntercellError(error) ? error.code : "ERR_BROKER";
      return { id, error: { code, message: error instanceof Error ? error.message : String(error) } };
    }
  }
}

function inspection(device: HypervisorDevice): DeviceInspection {
  return { protocol: device.geometry.protocol, peers: device.inspect() };
}
