/** What must be the same again: facts about the data of a shop, asked from its own programs. */
import { DomainError } from "../../src/base/errors.ts";
import type { Kubectl } from "./kubectl.ts";

export interface Facts {
  /** Orders up to this number are what the other facts are about: later ones come in all the time. */
  readonly lastOrder: number;
  readonly orders: string;
  readonly cache: string;
  readonly ledger: string;
  readonly page: string;
}

const LEDGER_MIB = 16;

/** Fills what the shop does not fill by itself, and waits until there are orders. */
export async function fillShop(kubectl: Kubectl, namespace: string): Promise<void> {
  const keys = 'n=0; while [ $n -lt 2000 ]; do n=$((n+1)); echo "set key:$n value-$n"; done | redis-cli >/dev/null && redis-cli dbsize';
  const blocks = `dd if=/dev/urandom of=/dev/ledger bs=1048576 count=${LEDGER_MIB} conv=fsync 2>/dev/null`;
  await Promise.all([
    kubectl.exec(namespace, "cache-0", "sh", "-c", keys),
    kubectl.exec(namespace, "ledger-0", "sh", "-c", blocks),
    kubectl.exec(
      namespace,
      "db-0",
      "sh",
      "-c",
      `until [ "$(${psql("select count(*) > 500 from orders")} 2>/dev/null)" = t ]; do sleep 0.2; done`,
    ),
  ]);
}

/** @param lastOrder to look at a shop as it was when another one ended there */
export async function factsOf(kubectl: Kubectl, namespace: string, lastOrder?: number): Promise<Facts> {
  const ask = async (sql: string): Promise<string> => (await kubectl.exec(namespace, "db-0", "sh", "-c", psql(sql))).trim();
  const last = lastOrder ?? Number(await ask("select max(id) from orders"));
  const [orders, cache, ledger, page] = await Promise.all([
    ask(`select count(*) || ' orders, md5 ' || md5(string_agg(id || item || at, ',' order by id)) from orders where id <= ${last}`),
    kubectl.exec(namespace, "cache-0", "sh", "-c", "echo $(redis-cli dbsize) keys, the last one is $(redis-cli get key:2000)"),
    kubectl.exec(
      namespace,
      "ledger-0",
      "sh",
      "-c",
      `dd if=/dev/ledger bs=1048576 count=${LEDGER_MIB} 2>/dev/null | sha256sum | cut -c 1-32`,
    ),
    kubectl.exec(namespace, "deploy/web", "wget", "-qO-", "http://web/"),
  ]);
  return { lastOrder: last, orders, cache: cache.trim(), ledger: `sha256 ${ledger.trim()}`, page: page.trim() };
}

/** @throws {DomainError} corrupt/demo_differs */
export function assertSame(expected: Facts, found: Facts): void {
  const differing = (["orders", "cache", "ledger", "page"] as const).filter((fact) => expected[fact] !== found[fact]);
  if (differing.length === 0) return;
  const words = differing.map((fact) => `${fact} were "${expected[fact]}" and are "${found[fact]}"`).join("; ");
  throw new DomainError("corrupt", "demo_differs", `Cannot call this a restore: ${words}`);
}

function psql(sql: string): string {
  return `psql -U postgres -h /var/run/postgresql -Atc "${sql}"`;
}
