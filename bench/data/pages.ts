/** A database's file: 8 KiB pages laid out like PostgreSQL's heap, with the room that deleted and coming rows take. */
import { type Seeded } from "./seeded.ts";

export const PAGE_BYTES = 8_192;

const HEADER_BYTES = 24;
const POINTER_BYTES = 4;
const TUPLE_HEADER_BYTES = 24;
const ROW_FIXED_BYTES = 32;
const LAYOUT_VERSION = 4;
const FIRST_MICROS = 820_000_000_000_000n;
/** Of all pages, so many are empty: extended by the server, not used yet. */
const EMPTY_PAGES = 0.04;
const LEAST_FILL = 0.4;

const WORDS = [
  "pending",
  "shipped",
  "returned",
  "blue",
  "large",
  "express",
  "Berlin",
  "Lisbon",
  "invoice",
  "customer",
  "gift",
  "note",
] as const;

/** @param firstPage Number of the first page in its table: row ids go up from page to page. */
export function makePages(random: Seeded, count: number, firstPage = 0): Buffer {
  const pages = Buffer.alloc(count * PAGE_BYTES);
  for (let page = 0; page < count; page++) {
    if (!random.chance(EMPTY_PAGES)) fillPage(random, pages.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), firstPage + page);
  }
  return pages;
}

function fillPage(random: Seeded, page: Buffer, number: number): void {
  const fill = LEAST_FILL + (1 - LEAST_FILL) * random.fraction();
  const lowest = PAGE_BYTES - Math.floor((PAGE_BYTES - HEADER_BYTES) * fill);
  let lower = HEADER_BYTES;
  let upper = PAGE_BYTES;
  for (let row = 0; ; row++) {
    const text = rowText(random);
    const length = TUPLE_HEADER_BYTES + ROW_FIXED_BYTES + text.length;
    const start = (upper - length) & ~7;
    if (start < lowest || start < lower + POINTER_BYTES) break;
    page.writeUInt32LE(((length << 17) | (1 << 15) | start) >>> 0, lower);
    writeTuple(random, page, start, { id: number * 64 + row, text });
    lower += POINTER_BYTES;
    upper = start;
  }
  page.writeUInt32LE(number >>> 20, 0);
  page.writeUInt32LE((number * PAGE_BYTES) >>> 0, 4);
  page.writeUInt16LE(random.uint32() & 0xffff, 8);
  page.writeUInt16LE(lower, 12);
  page.writeUInt16LE(upper, 14);
  page.writeUInt16LE(PAGE_BYTES, 16);
  page.writeUInt16LE(PAGE_BYTES | LAYOUT_VERSION, 18);
}

function rowText(random: Seeded): string {
  let text = `${random.pick(WORDS)} ${random.pick(WORDS)} ${random.between(1, 99_999)}`;
  for (let words = random.between(0, 6); words > 0; words--) text += ` ${random.pick(WORDS)}`;
  return random.chance(0.2) ? `${text} ${random.hex(4)}` : text;
}

function writeTuple(random: Seeded, page: Buffer, at: number, row: { readonly id: number; readonly text: string }): void {
  page.writeUInt32LE(700_000 + (row.id >>> 4), at); // the transaction that wrote it
  page.writeUInt32LE(row.id >>> 6, at + 12);
  page.writeUInt16LE(5, at + 18); // columns
  page.writeUInt16LE(0x0902, at + 20); // committed, has variable width
  page.writeUInt8(TUPLE_HEADER_BYTES, at + 22);
  const columns = at + TUPLE_HEADER_BYTES;
  page.writeBigInt64LE(BigInt(row.id), columns);
  page.writeBigInt64LE(FIRST_MICROS + BigInt(row.id) * 1_000_000n + BigInt(random.between(0, 999_999)), columns + 8);
  page.writeDoubleLE(random.between(100, 500_000) / 100, columns + 16);
  page.writeInt32LE(random.between(1, 5_000), columns + 24);
  page.writeUInt32LE(row.text.length + 4, columns + 28);
  page.write(row.text, columns + ROW_FIXED_BYTES, "latin1");
}
