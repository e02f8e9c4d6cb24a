/** The result of statx(2), whose layout is the same on every architecture. */
import type { FileStat } from "./files.ts";
import { NativeBuffer } from "./ffi.ts";

const STATX_BYTES = 256;
const SECOND_NS = 1_000_000_000n;

/** Places of fields, in units of 2, 4 and 8 bytes. */
const MODE_16 = 14;
const NLINK_32 = 4;
const UID_32 = 5;
const GID_32 = 6;
const INO_64 = 4;
const SIZE_64 = 5;
const BLOCKS_64 = 6;
/** Of struct statx_timestamp: seconds, and nanoseconds after them. */
const CTIME_64 = 12;
const MTIME_64 = 14;
const RDEV_32 = 32;
const DEV_32 = 34;

export class StatxBuffer {
  readonly address: bigint;
  readonly #words16: Uint16Array;
  readonly #words32: Uint32Array;
  readonly #words64: BigUint64Array;
  readonly #signed64: BigInt64Array;
  /** Most files lie on one device, so the last one's number is kept. */
  #major = 0;
  #minor = 0;
  #dev = 0n;

  constructor() {
    const { memory, address } = new NativeBuffer(STATX_BYTES);
    this.address = address;
    this.#words16 = new Uint16Array(memory);
    this.#words32 = new Uint32Array(memory);
    this.#words64 = new BigUint64Array(memory);
    this.#signed64 = new BigInt64Array(memory);
  }

  /** What the last call wrote. */
  read(): FileStat {
    return {
      mode: this.#words16[MODE_16] ?? 0,
      uid: this.#words32[UID_32] ?? 0,
      gid: this.#words32[GID_32] ?? 0,
      nlink: this.#words32[NLINK_32] ?? 0,
      size: Number(this.#words64[SIZE_64]),
      blocks: Number(this.#words64[BLOCKS_64]),
      ino: this.#words64[INO_64] ?? 0n,
      dev: this.#device(DEV_32),
      rdev: this.#device(RDEV_32),
      mtimeNs: this.#time(MTIME_64),
      ctimeNs: this.#time(CTIME_64),
    };
  }

  #time(at: number): bigint {
    return (this.#signed64[at] ?? 0n) * SECOND_NS + BigInt(this.#words32[2 * at + 2] ?? 0);
  }

  #device(at: number): bigint {
    const major = this.#words32[at] ?? 0;
    const minor = this.#words32[at + 1] ?? 0;
    if (major === 0 && minor === 0) return 0n;
    if (major !== this.#major || minor !== this.#minor) {
      this.#dev = makedev(BigInt(major), BigInt(minor));
      this.#major = major;
      this.#minor = minor;
    }
    return this.#dev;
  }
}

/** As makedev(3) of libc joins them. */
function makedev(major: bigint, minor: bigint): bigint {
  return (minor & 0xffn) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | ((major & ~0xfffn) << 32n);
}
