/** What the types of Node 26 leave out of node:crypto. */
import type { KeyObject } from "node:crypto";

declare module "node:crypto" {
  interface Mac {
    update(data: NodeJS.ArrayBufferView): this;
    final(): Buffer;
  }
  function createMac(algorithm: string, key: NodeJS.ArrayBufferView | KeyObject): Mac;
}
