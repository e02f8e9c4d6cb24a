import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type ByteString, byteStringOf, bytesOf } from "../base/byte-string.ts";
import { fileCalls } from "../native/files.ts";
import { closeHandle, openFileIn, openFolderAt, openFolderIn, pathIn } from "./folder-handle.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-test-"));
after(() => rmSync(root, { recursive: true }));

function name(text: string): ByteString {
  return byteStringOf(text);
}

test("entries are reached in the folder that was opened, wherever it was moved", () => {
  mkdirSync(join(root, "before/inner"), { recursive: true });
  const odd = "caf\xe9\n" as ByteString;
  writeFileSync(Buffer.concat([Buffer.from(`${root}/before/`), bytesOf(odd)]), "content");
  const folder = openFolderAt(join(root, "before"));
  renameSync(join(root, "before"), join(root, "after"));
  mkdirSync(join(root, "before"));
  assert.equal(readFileSync(pathIn(folder, odd), "utf8"), "content");
  const file = openFileIn(folder, odd);
  assert.equal(readFileSync(file, "utf8"), "content");
  for (const fd of [file, openFolderIn(folder, name("inner")), folder]) closeHandle(fd);
});

test("openFolderIn() and openFileIn() follow no link and do not wait for a fifo", () => {
  mkdirSync(join(root, "target"));
  writeFileSync(join(root, "file"), "");
  symlinkSync("target", join(root, "to folder"));
  symlinkSync("file", join(root, "to file"));
  fileCalls().makeNode(name(join(root, "fifo")), 0o010600, 0n);
  const folder = openFolderAt(root);
  assert.throws(() => openFolderIn(folder, name("to folder")), { code: /^(ELOOP|ENOTDIR)$/ });
  assert.throws(() => openFolderIn(folder, name("file")), { code: "ENOTDIR" });
  assert.throws(() => openFileIn(folder, name("to file")), { code: "ELOOP" });
  assert.throws(() => openFileIn(folder, name("missing")), { code: "ENOENT" });
  closeHandle(openFileIn(folder, name("fifo")));
  closeHandle(openFolderAt(join(root, "to folder")));
  closeHandle(folder);
});
