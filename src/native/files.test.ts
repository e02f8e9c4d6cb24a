import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { byteStringOf, type ByteString, bytesOf } from "../base/byte-string.ts";
import { fc } from "../base/testing/property.ts";
import { ffiFileCalls } from "./ffi-files.ts";
import { fileCalls, fileCallsFallback, type FileTarget } from "./files.ts";
import { nodeFileCalls } from "./node-files.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-files-"));
after(() => rmSync(folder, { recursive: true }));
let made = 0;

function newPath(): ByteString {
  return byteStringOf(join(folder, `file-${++made}`));
}

function newFile(content: string | Uint8Array = "content"): ByteString {
  const path = newPath();
  writeFileSync(bytesOf(path), content);
  return path;
}

function newSymlink(target: string): ByteString {
  const path = newPath();
  symlinkSync(target, bytesOf(path));
  return path;
}

function opened<T>(path: ByteString, use: (file: number) => T): T {
  const file = openSync(bytesOf(path), "r+");
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** Linux's, with O_DIRECTORY in it as open(2) wants. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const name = (text: string): ByteString => byteStringOf(text);
const mayMakeDevices = process.getuid?.() === 0;

for (const make of [nodeFileCalls, ffiFileCalls])
  describe(make.name, () => {
    const calls = make();
    const toleranceNs = calls.missing.includes("nanosecond-times") ? 1000n : 0n;

    function timesOf(path: ByteString): readonly [bigint, bigint] {
      const { atimeNs, mtimeNs } = lstatSync(bytesOf(path), { bigint: true });
      return [atimeNs, mtimeNs];
    }

    function assertTimes(path: ByteString, atimeNs: bigint, mtimeNs: bigint): void {
      const differences = [timesOf(path)[0] - atimeNs, timesOf(path)[1] - mtimeNs];
      assert.ok(
        differences.every((difference) => difference <= toleranceNs && difference >= -toleranceNs),
        String(differences),
      );
    }

    test("setTimes() sets both times, of a path and of an open file", () => {
      const path = newFile();
      const [atime, mtime] = [1_700_000_000_123_456_000n, 1_600_000_000_654_321_000n];
      calls.setTimes(path, atime, mtime);
      assertTimes(path, atime, mtime);
      opened(path, (file) => calls.setTimes(file, mtime, atime));
      assertTimes(path, mtime, atime);
    });

    test("setTimes() sets a symbolic link and not what it points to", () => {
      const path = newFile();
      const before = timesOf(path);
      const link = newSymlink(bytesOf(path).toString());
      calls.setTimes(link, 1_000_000_000n, 2_000_000_000n);
      assertTimes(link, 1_000_000_000n, 2_000_000_000n);
      assert.deepEqual(timesOf(path), before);
    });

    test("setTimes() fails with the error of the system", () => {
      assert.throws(() => calls.setTimes(newPath(), 0n, 0n), { code: "ENOENT" });
    });

    test("lengthOf() gives the bytes of a file", () => {
      const path = newFile("begin");
      opened(path, (file) => {
        assert.equal(calls.lengthOf(file), 5);
        ftruncateSync(file, 5 * 2 ** 31);
        assert.equal(calls.lengthOf(file), 5 * 2 ** 31);
      });
    });

    test("createIn() makes a file with its mode less the umask, and takes nothing that is there", () => {
      const directory = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
      const own = name(`made-\xe9-${calls.backEnd}`);
      const umask = process.umask(0o027);
      const file = calls.createIn(directory, own, 0o6666);
      process.umask(umask);
      writeSync(file, "mine");
      closeSync(file);
      const path = join(folder, Buffer.from(own, "latin1").toString("latin1"));
      const bytes = Buffer.from(path, "latin1");
      assert.equal(lstatSync(bytes).mode & 0o7777, 0o6640);
      assert.equal(readFileSync(bytes, "utf8"), "mine");
      const link = name(`link-${calls.backEnd}`);
      symlinkSync("nowhere", join(folder, link));
      for (const taken of [own, link]) assert.throws(() => calls.createIn(directory, taken, 0o600), { code: "EEXIST" });
      assert.throws(() => calls.createIn(directory, "missing/file" as ByteString, 0o600), { code: "ENOENT" });
      closeSync(directory);
    });

    test("nextData() and nextHole() walk from data to data until the end", () => {
      const path = newFile("begin");
      opened(path, (file) => {
        writeSync(file, "middle", 4 << 20);
        ftruncateSync(file, 9 << 20);
        const found: [number, number][] = [];
        for (let from = calls.nextData(file, 0); from !== undefined;) {
          const to = calls.nextHole(file, from);
          found.push([from, to]);
          from = calls.nextData(file, to);
        }
        assert.ok(found.some(([from, to]) => from === 0 && to >= 5));
        assert.ok(found.some(([from, to]) => from <= 4 << 20 && to >= (4 << 20) + 6));
        const data = found.reduce((sum, [from, to]) => sum + to - from, 0);
        if (calls.missing.includes("holes")) assert.equal(data, 9 << 20);
        else assert.ok(data < 1 << 20);
      });
    });

    test("nextData() finds nothing in an empty file", () => {
      opened(newFile(""), (file) => assert.equal(calls.nextData(file, 0), undefined));
    });
  });

describe("ffiFileCalls", () => {
  const calls = ffiFileCalls();
  const all = (target: FileTarget): Record<string, string | undefined> =>
    Object.fromEntries(calls.listXattrs(target).map((key) => [key, Buffer.from(calls.getXattr(target, key) ?? []).toString("latin1")]));

  test("lacks nothing", () => {
    assert.deepEqual(calls.missing, []);
  });

  test("extended attributes come back as they were set, by path and by open file", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 4, selector: (key) => key.toHex() }),
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        (names, value, byPath) => {
          const path = newFile();
          opened(path, (file) => {
            const [one, other] = byPath ? [path, file] : [file, path];
            const keys = names.map((key) => `user.${Buffer.from(key.map((byte) => byte || 1)).toString("latin1")}` as ByteString);
            for (const key of keys) calls.setXattr(one, key, value);
            assert.deepEqual(new Set(calls.listXattrs(other)), new Set(keys));
            for (const key of keys) assert.deepEqual(calls.getXattr(other, key), value);
            for (const key of keys) calls.removeXattr(one, key);
            assert.deepEqual(calls.listXattrs(other), []);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  test("setXattr() replaces a value", () => {
    const path = newFile();
    calls.setXattr(path, name("user.a"), Buffer.from("long value"));
    calls.setXattr(path, name("user.a"), Buffer.from("new"));
    assert.deepEqual(all(path), { "user.a": "new" });
  });

  test("getXattr() gives undefined for an attribute that is not there, removeXattr() fails", () => {
    const path = newFile();
    assert.equal(calls.getXattr(path, name("user.none")), undefined);
    assert.throws(() => calls.removeXattr(path, name("user.none")), { code: "ENODATA", syscall: "removexattr" });
  });

  test("a POSIX ACL is an extended attribute, and changes the mode that is shown", () => {
    const path = newFile();
    // Version 2, then tag, permissions and id of: owner rw-, user 1000 r--, group r--, mask rw-, others ---.
    const acl = Buffer.from(
      "02000000 01000600ffffffff 02000400e8030000 04000400ffffffff 10000600ffffffff 20000000ffffffff".replaceAll(" ", ""),
      "hex",
    );
    calls.setXattr(path, name("system.posix_acl_access"), acl);
    assert.deepEqual(calls.listXattrs(path), ["system.posix_acl_access"]);
    assert.deepEqual(Buffer.from(calls.getXattr(path, name("system.posix_acl_access")) ?? []), acl);
    assert.equal(lstatSync(bytesOf(path)).mode & 0o777, 0o660);
  });

  test("a symbolic link is not followed", { skip: mayMakeDevices ? false : "only root may give a link attributes" }, () => {
    const path = newFile();
    calls.setXattr(path, name("user.a"), Buffer.from("of the file"));
    const link = newSymlink(bytesOf(path).toString());
    assert.deepEqual(calls.listXattrs(link), []);
    assert.equal(calls.getXattr(link, name("user.a")), undefined);
    calls.setXattr(link, name("trusted.a"), Buffer.from("of the link"));
    assert.deepEqual(all(link), { "trusted.a": "of the link" });
    assert.deepEqual(all(path), { "user.a": "of the file" });
  });

  test("a file system without attributes has none", () => {
    assert.deepEqual(calls.listXattrs(name("/proc/self/status")), []);
    assert.equal(calls.getXattr(name("/proc/self/status"), name("user.a")), undefined);
  });

  test("names and paths may hold any byte but NUL", () => {
    const path = `${folder}/\xff\xfe \n\x01` as ByteString;
    writeFileSync(bytesOf(path), "");
    calls.setXattr(path, "user.\x80\xff" as ByteString, Uint8Array.of(0, 255));
    assert.deepEqual(calls.listXattrs(path), ["user.\x80\xff"]);
    assert.deepEqual(calls.getXattr(path, "user.\x80\xff" as ByteString), Uint8Array.of(0, 255));
  });

  test("paths and names that C cannot hold are refused", () => {
    const path = newFile();
    const long = `/${"a/".repeat(2048)}` as ByteString;
    assert.throws(() => calls.listXattrs(`${path}\0x` as ByteString), { code: "EINVAL" });
    assert.throws(() => calls.listXattrs(long), { code: "ENAMETOOLONG" });
    assert.throws(() => calls.getXattr(path, "user.\0" as ByteString), { code: "EINVAL" });
    assert.throws(() => calls.getXattr(path, `user.${"a".repeat(251)}` as ByteString), { code: "ENAMETOOLONG" });
  });

  test("errors look like those of node:fs", () => {
    const path = newPath();
    const shown = bytesOf(path).toString();
    const expected = {
      code: "ENOENT",
      errno: -2,
      syscall: "listxattr",
      path: shown,
      message: `ENOENT: no such file or directory, listxattr '${shown}'`,
    };
    assert.throws(() => calls.listXattrs(path), expected);
    assert.throws(() => calls.listXattrs(1_000_000), { code: "EBADF", message: "EBADF: bad file descriptor, listxattr" });
    assert.throws(() => calls.listXattrs(`${newFile()}/x` as ByteString), { code: "ENOTDIR" });
  });

  test("the error is that of the call, whatever is collected or called in between", () => {
    const [path, absent] = [newFile(), newPath()];
    const garbage: unknown[] = [];
    for (let i = 0; i < 20_000; i++) {
      garbage[i % 100] = Buffer.alloc(20_000);
      assert.equal(calls.getXattr(path, name("user.none")), undefined);
      if (i % 10 === 0) assert.throws(() => calls.listXattrs(absent), { code: "ENOENT" });
      if (i % 10 === 5) assert.throws(() => calls.listXattrs(`${path}/x` as ByteString), { code: "ENOTDIR" });
    }
  });

  test("linkIn() gives a name to a file that has none, and takes none that is there", () => {
    const directory = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    const file = openSync(folder, constants.O_RDWR | O_TMPFILE, 0o600);
    const own = name("linked-\xe9");
    writeSync(file, "content");
    assert.throws(() => calls.linkIn(directory, byteStringOf(newFile().split("/").at(-1) ?? ""), file), {
      code: "EEXIST",
      syscall: "linkat",
    });
    calls.linkIn(directory, own, file);
    closeSync(file);
    closeSync(directory);
    assert.equal(readFileSync(bytesOf(`${folder}/${own}` as ByteString), "utf8"), "content");
  });

  test("makeNode() makes fifos, sockets and, for root, devices", () => {
    const umask = process.umask(0o022);
    try {
      const types = [constants.S_IFIFO, constants.S_IFSOCK, ...(mayMakeDevices ? [constants.S_IFCHR, constants.S_IFBLK] : [])];
      for (const type of types) {
        const path = newPath();
        const isDevice = type === constants.S_IFCHR || type === constants.S_IFBLK;
        // Major 259, minor 70,000: more than 8 bits each.
        const device = isDevice ? (259n << 8n) | (70_000n & 0xffn) | ((70_000n & ~0xffn) << 12n) : 0n;
        calls.makeNode(path, type | 0o644, device);
        const { mode, rdev } = lstatSync(bytesOf(path), { bigint: true });
        assert.deepEqual([Number(mode), rdev], [type | 0o644, device]);
        assert.throws(() => calls.makeNode(path, type | 0o644, device), { code: "EEXIST", syscall: "mknod" });
      }
    } finally {
      process.umask(umask);
    }
  });

  test("setTimes() keeps nanoseconds, before 1970 as well", () => {
    const path = newFile();
    for (const time of [-1n, -1_000_000_001n, 0n, 1n, 999_999_999n, 1_763_718_561_123_456_789n]) {
      calls.setTimes(path, time, time);
      assert.equal(lstatSync(bytesOf(path), { bigint: true }).mtimeNs, time);
      opened(path, (file) => calls.setTimes(file, 5n, time));
      assert.equal(lstatSync(bytesOf(path), { bigint: true }).mtimeNs, time);
    }
  });

  test("works through the handle of a folder", () => {
    const file = newFile();
    const handle = openSync(folder, constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      const path = name(
        `/proc/self/fd/${handle}/${bytesOf(file)
          .toString()
          .slice(folder.length + 1)}`,
      );
      calls.setXattr(path, name("user.a"), Buffer.from("b"));
      calls.setTimes(path, 1n, 2n);
      assert.deepEqual(all(file), { "user.a": "b" });
      assert.equal(lstatSync(bytesOf(file), { bigint: true }).mtimeNs, 2n);
    } finally {
      closeSync(handle);
    }
  });

  test("nextHole() and nextData() fail with the error of the system", () => {
    opened(newFile("x"), (file) => {
      assert.throws(() => calls.nextHole(file, fstatSync(file).size), { code: "ENXIO", syscall: "lseek" });
    });
    assert.throws(() => calls.nextData(1_000_000, 0), { code: "EBADF" });
  });
});

describe("nodeFileCalls", () => {
  const calls = nodeFileCalls();

  test("says what it lacks, reads no attributes and refuses to set any or to make nodes", () => {
    const path = newFile();
    ffiFileCalls().setXattr(path, name("user.a"), Buffer.from("b"));
    assert.deepEqual(calls.missing, ["xattrs", "special-files", "nanosecond-times", "holes", "unnamed-files"]);
    assert.deepEqual(calls.listXattrs(path), []);
    assert.equal(calls.getXattr(path, name("user.a")), undefined);
    const refused = { kind: "unsupported", code: "file_call" };
    assert.throws(() => calls.setXattr(path, name("user.a"), Buffer.from("c")), refused);
    assert.throws(() => calls.removeXattr(path, name("user.a")), refused);
    assert.throws(() => calls.makeNode(newPath(), constants.S_IFIFO, 0n), refused);
    assert.throws(() => calls.linkIn(0, name("linked"), 0), refused);
  });
});

test("fileCalls() takes the native back end here", () => {
  assert.equal(fileCalls().backEnd, "ffi");
  assert.equal(fileCallsFallback(), undefined);
});
