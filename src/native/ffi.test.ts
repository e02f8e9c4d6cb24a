import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { addressOf, NativeBuffer, nativeFunctions } from "./ffi.ts";

const FFI = new URL("ffi.ts", import.meta.url).href;
const PRIMITIVES = new URL("primitives.ts", import.meta.url).href;
const run = promisify(execFile);

/** Runs a module in a Node of its own. */
function evaluate(code: string, ...options: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return run(process.execPath, [...options, "--input-type=module", "--eval", code], { env: {} });
}

test("nativeFunctions() gives functions of libc, OpenSSL and zstd", () => {
  const { getppid, ZSTD_versionNumber, OpenSSL_version_num } = nativeFunctions({
    getppid: { return: "int32", arguments: [] },
    ZSTD_versionNumber: { return: "uint32", arguments: [] },
    OpenSSL_version_num: { return: "uint64", arguments: [] },
  });
  assert.equal(getppid(), process.ppid);
  assert.ok(ZSTD_versionNumber() >= 10_507);
  assert.ok(OpenSSL_version_num() >= 0x3000_0000n);
});

test("nativeFunctions() names a function that is missing", () => {
  assert.throws(() => nativeFunctions({ there_is_no_such_function: { return: "void", arguments: [] } }), {
    kind: "unsupported",
    code: "ffi",
    message: /^Cannot load native functions: .*there_is_no_such_function/,
  });
});

test("addressOf() respects the offset of a view, also of one so small that the heap holds it", () => {
  const { bytes, address } = new NativeBuffer(100);
  assert.equal(addressOf(bytes.subarray(7)) - address, 7n);
  const { memcpy } = nativeFunctions({ memcpy: { return: "pointer", arguments: ["pointer", "pointer", "uint64"] } });
  const small = Uint8Array.of(1, 2, 3);
  memcpy(address, addressOf(small), 3n);
  assert.deepEqual(Uint8Array.from(bytes.subarray(0, 3)), small);
});

test("loading node:ffi does not warn, and every other warning still does", async () => {
  const { stdout, stderr } = await evaluate(`
    import { nativeFunctions, withoutFfiWarning } from ${JSON.stringify(FFI)};
    nativeFunctions({ getppid: { return: "int32", arguments: [] } });
    withoutFfiWarning(() => {
      process.emitWarning("something else is experimental", "ExperimentalWarning");
      process.emitWarning("FFI is not used well");
    });
    console.log(Object.getOwnPropertyDescriptor(process, "emitWarning").value.name);
  `);
  assert.match(stderr, /ExperimentalWarning: something else is experimental/);
  assert.match(stderr, /Warning: FFI is not used well/);
  assert.doesNotMatch(stderr, /FFI is an experimental/);
  assert.equal(stdout, "emitWarning\n");
});

test("nativeFunctions() lets callers give a function different signatures", () => {
  const signed = nativeFunctions({ getppid: { return: "int32", arguments: [] } });
  const unsigned = nativeFunctions({ getppid: { return: "uint32", arguments: [] } });
  assert.equal(signed.getppid(), unsigned.getppid());
});

test("without node:ffi plain Node takes over and says why", async () => {
  const { stdout, stderr } = await evaluate(
    `import { primitives, primitivesFallback } from ${JSON.stringify(PRIMITIVES)}; console.log(primitives().backEnd, primitivesFallback());`,
    "--no-experimental-ffi",
  );
  assert.equal(stdout, "node Cannot load native functions: this Node has no node:ffi, or it is switched off\n");
  assert.equal(stderr, "");
});

test("threads use their own back ends at once, and end cleanly", async () => {
  const code = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(PRIMITIVES)}).then(({ primitives }) => {
      const { backEnd, zstdCompressInto, zstdDecompressInto, ctrCipher, zstdCompressor } = primitives();
      const data = Buffer.from("a thread ".repeat(1000));
      const [frame, plain] = [Buffer.alloc(data.length), Buffer.alloc(data.length)];
      const cipher = ctrCipher(Buffer.alloc(32, 1));
      let good = 0;
      for (let i = 0; i < 2000; i++) {
        cipher(Buffer.alloc(16, i), data, data);
        const length = zstdCompressInto(data, frame, 1);
        cipher(Buffer.alloc(16, i), data, data);
        if (length === -1 && data.toString().startsWith("a thread a")) good++;
        const packed = zstdCompressInto(data, frame, 1 + i % 5);
        if (zstdDecompressInto(frame.subarray(0, packed), plain) === data.length && plain.equals(data)) good++;
      }
      zstdCompressor(3, () => {}).push(data);
      parentPort.postMessage({ backEnd, good });
    });`;
  const results = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const worker = new Worker(code, { eval: true });
      const result = Promise.withResolvers<unknown>();
      const exit = Promise.withResolvers<number>();
      worker.once("message", result.resolve).once("error", result.reject).once("exit", exit.resolve);
      return [await result.promise, await exit.promise];
    }),
  );
  assert.deepEqual(
    results,
    Array.from({ length: 3 }, () => [{ backEnd: "ffi", good: 4000 }, 0]),
  );
});
