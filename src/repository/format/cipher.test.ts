import assert from "node:assert/strict";
import { createCipheriv, createMac } from "node:crypto";
import { test } from "node:test";
import { fc } from "../../base/testing/property.ts";
import { Cipher, type MasterKey, SEAL_OVERHEAD } from "./cipher.ts";

const KEY: MasterKey = {
  encryption: Uint8Array.from({ length: 32 }, (_, i) => i),
  macK: Uint8Array.from({ length: 16 }, (_, i) => 100 + i),
  macR: Uint8Array.from({ length: 16 }, (_, i) => 200 + i),
};
const UNAUTHENTIC = { kind: "corrupt", code: "unauthentic" };

/** The format by its definition, with nothing of ours. */
function sealedByHand({ encryption, macK, macR }: MasterKey, nonce: Uint8Array, plain: Uint8Array): Buffer {
  const ciphertext = createCipheriv("aes-256-ctr", encryption, nonce).update(plain);
  const pad = createCipheriv("aes-128-ecb", macK, null).setAutoPadding(false).update(nonce);
  const tag = createMac("poly1305", Buffer.concat([macR, pad]))
    .update(ciphertext)
    .final();
  return Buffer.concat([nonce, ciphertext, tag]);
}

test("seal() writes nonce, ciphertext and tag as the format says, and open() reads them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000, size: "max" }), (plain) => {
      const cipher = new Cipher(KEY);
      const sealed = cipher.seal(plain);
      assert.equal(sealed.length, plain.length + SEAL_OVERHEAD);
      assert.deepEqual(Buffer.from(sealed), sealedByHand(KEY, sealed.subarray(0, 16), plain));
      assert.deepEqual(cipher.open(sealed), plain);
    }),
  );
});

test("seal() takes a new nonce each time, with the tag that belongs to it", () => {
  const cipher = new Cipher(KEY);
  const nonces = Array.from({ length: 1000 }, () => {
    const sealed = cipher.seal(Buffer.from("x"));
    assert.deepEqual(Buffer.from(sealed), sealedByHand(KEY, sealed.subarray(0, 16), Buffer.from("x")));
    return sealed.subarray(0, 16).toHex();
  });
  assert.equal(new Set(nonces).size, 1000);
});

test("seal() never uses the zero nonce", () => {
  const twoZerosThenOnes = (target: Uint8Array): void => void target.fill(0, 0, 32).fill(1, 32);
  const sealed = new Cipher(KEY, twoZerosThenOnes).seal(Buffer.from("x"));
  assert.deepEqual(Buffer.from(sealed), sealedByHand(KEY, new Uint8Array(16).fill(1), Buffer.from("x")));
});

test("sealInto() writes at its place and nothing else, also when the data lies where the ciphertext goes", () => {
  const cipher = new Cipher(KEY);
  const target = new Uint8Array(200).fill(9);
  const plain = target.subarray(26, 126).fill(5);
  assert.equal(cipher.sealInto(plain, target, 10), 132);
  assert.deepEqual(cipher.open(target.subarray(10, 142)), new Uint8Array(100).fill(5));
  assert.ok([...target.subarray(0, 10), ...target.subarray(142)].every((byte) => byte === 9));
});

test("sealInto() refuses a target that is too short", () => {
  const cipher = new Cipher(KEY);
  for (const room of [0, 15, 16, 41, 51]) assert.throws(() => cipher.sealInto(new Uint8Array(20), new Uint8Array(room), 0), RangeError);
});

test("sealInto() and openInto() work in shared memory", () => {
  const cipher = new Cipher(KEY);
  const target = new Uint8Array(new SharedArrayBuffer(64), 1);
  const length = cipher.sealInto(Buffer.from("held fast"), target, 3);
  const plain = new Uint8Array(new SharedArrayBuffer(9));
  assert.equal(cipher.openInto(target.subarray(3, 3 + length), plain), 9);
  assert.equal(Buffer.from(plain).toString(), "held fast");
});

test("openInto() writes to the start of its target, also over what it opens", () => {
  const cipher = new Cipher(KEY);
  const sealed = cipher.seal(Buffer.from("held fast"));
  const target = new Uint8Array(20).fill(1);
  assert.equal(cipher.openInto(sealed, target), 9);
  assert.equal(Buffer.from(target).toString("latin1"), `held fast${"\u0001".repeat(11)}`);
  assert.equal(cipher.openInto(sealed, sealed.subarray(16)), 9);
  assert.equal(Buffer.from(sealed.subarray(16, 25)).toString(), "held fast");
});

test("open() refuses every change of a bit, other keys, and what is cut short, and writes nothing", () => {
  const cipher = new Cipher(KEY);
  const sealed = cipher.seal(Buffer.from("held fast"));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const turned = Uint8Array.from(sealed, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const target = new Uint8Array(9);
    assert.throws(() => cipher.openInto(turned, target), UNAUTHENTIC);
    assert.ok(target.every((byte) => byte === 0));
  }
  for (let length = 0; length < sealed.length; length++) assert.throws(() => cipher.open(sealed.subarray(0, length)), UNAUTHENTIC);
  for (const part of ["macK", "macR"] as const) {
    const other = new Cipher({ ...KEY, [part]: new Uint8Array(16).fill(77) });
    assert.throws(() => other.open(sealed), UNAUTHENTIC);
  }
});

test("open() refuses the zero nonce, though its tag is right", () => {
  const sealed = sealedByHand(KEY, new Uint8Array(16), Buffer.from("held fast"));
  assert.throws(() => new Cipher(KEY).open(sealed), UNAUTHENTIC);
});
