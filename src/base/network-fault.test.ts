import assert from "node:assert/strict";
import { test } from "node:test";
import { faultCodeOf, isCertificateFault } from "./network-fault.ts";

function coded(code: string, cause?: unknown): Error {
  return Object.assign(new Error("failed", { cause }), { code });
}

test("faultCodeOf() looks behind what only wraps a fault", () => {
  for (const [cause, code] of [
    [coded("ECONNREFUSED"), "ECONNREFUSED"],
    [coded("UND_ERR_SOCKET", coded("ECONNRESET")), "ECONNRESET"],
    [coded("UND_ERR_SOCKET"), "UND_ERR_SOCKET"],
    [new TypeError("fetch failed", { cause: coded("ENOTFOUND") }), "ENOTFOUND"],
    [new AggregateError([coded("EHOSTUNREACH"), coded("ECONNREFUSED")]), "EHOSTUNREACH"],
    [new Error("nobody knows"), ""],
    ["no error", ""],
  ] as const)
    assert.equal(faultCodeOf(cause), code);
});

test("isCertificateFault() knows the faults of verification", () => {
  assert.deepEqual(["CERT_HAS_EXPIRED", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ECONNRESET"].map(isCertificateFault), [true, true, false]);
});
