/**
 * The inner loops of both chunkers, in AssemblyScript: where does a chunk end? `node dev/wasm/build.ts` compiles this into scan-wasm.ts.
 *
 * A function looks at each position from `from` to `to`, both included, and returns the first whose 64 bytes before it have a hash that
 * asks for a cut, or 0. So 64 bytes before `from` must be readable. scanner.ts lays out the memory.
 */
const WINDOW: usize = 64;
const GEAR: usize = 0;
const REDUCE: usize = 2048;
const LEAVE: usize = 4096;

// @ts-ignore: decorator
@inline
function gearStep(hash: u64, byte: usize): u64 {
  return (hash << 1) + load<u64>(byte << 3, GEAR);
}

/** Cuts where the hash is below a threshold: its upper bits, which depend on the most bytes, decide. */
export function gear(from: usize, to: usize, below: u64): usize {
  let hash: u64 = 0;
  for (let at = from - WINDOW; at < from; at++) hash = gearStep(hash, load<u8>(at));
  if (hash < below) return from;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    hash = gearStep(hash, load<u8>(at, 0));
    if (hash < below) return at + 1;
    hash = gearStep(hash, load<u8>(at, 1));
    if (hash < below) return at + 2;
    hash = gearStep(hash, load<u8>(at, 2));
    if (hash < below) return at + 3;
    hash = gearStep(hash, load<u8>(at, 3));
    if (hash < below) return at + 4;
    hash = gearStep(hash, load<u8>(at, 4));
    if (hash < below) return at + 5;
    hash = gearStep(hash, load<u8>(at, 5));
    if (hash < below) return at + 6;
    hash = gearStep(hash, load<u8>(at, 6));
    if (hash < below) return at + 7;
    hash = gearStep(hash, load<u8>(at, 7));
    if (hash < below) return at + 8;
  }
  while (at < to) {
    hash = gearStep(hash, load<u8>(at++));
    if (hash < below) return at;
  }
  return 0;
}

/** A polynomial of degree 53 has room for one byte more in 64 bits, and 3 bits to spare. */
const TOP_BYTE: u64 = 45;
/** A step waits for the table of the one before it: four that know nothing of each other fill the time. */
const LANE: usize = 4096;

// @ts-ignore: decorator
@inline
function rabinAppend(hash: u64, byte: u64): u64 {
  return (hash << 8) ^ byte ^ load<u64>(<usize>(hash >> TOP_BYTE) << 3, REDUCE);
}

// @ts-ignore: decorator
@inline
function rabinStep(hash: u64, at: usize, lane: usize): u64 {
  return rabinAppend(hash, load<u8>(at + lane)) ^ load<u64>(<usize>load<u8>(at - WINDOW + lane) << 3, LEAVE);
}

function rabinWindow(to: usize): u64 {
  let hash: u64 = 0;
  for (let at = to - WINDOW; at < to; at++) hash = rabinAppend(hash, load<u8>(at));
  return hash;
}

function rabinOneLane(from: usize, to: usize, mask: u64): usize {
  let hash = rabinWindow(from);
  for (let at = from; at < to;) {
    hash = rabinStep(hash, at++, 0);
    if ((hash & mask) == 0) return at;
  }
  return 0;
}

/** Cuts where the bits of the mask are zero. */
export function rabin(from: usize, to: usize, mask: u64): usize {
  if ((rabinWindow(from) & mask) == 0) return from;
  let block = from;
  for (; block + 4 * LANE <= to; block += 4 * LANE) {
    let hash0 = rabinWindow(block);
    let hash1 = rabinWindow(block + LANE);
    let hash2 = rabinWindow(block + 2 * LANE);
    let hash3 = rabinWindow(block + 3 * LANE);
    for (let at = block; at < block + LANE; at++) {
      hash0 = rabinStep(hash0, at, 0);
      hash1 = rabinStep(hash1, at, LANE);
      hash2 = rabinStep(hash2, at, 2 * LANE);
      hash3 = rabinStep(hash3, at, 3 * LANE);
      if ((hash0 & mask) == 0 || (hash1 & mask) == 0 || (hash2 & mask) == 0 || (hash3 & mask) == 0) {
        return rabinOneLane(block, block + 4 * LANE, mask); // an earlier lane may have one further on
      }
    }
  }
  return rabinOneLane(block, to, mask);
}
