/** kubectl on the cluster of the demo. */
import { run } from "../host/run.ts";

/** How long a pod or a namespace may take on a small machine. */
const WAIT = "--timeout=180s";

export class Kubectl {
  readonly #program: string;
  readonly #kubeconfig: string;
  readonly #signal: AbortSignal;

  constructor(program: string, kubeconfig: string, signal: AbortSignal) {
    this.#program = program;
    this.#kubeconfig = kubeconfig;
    this.#signal = signal;
  }

  async run(...args: readonly string[]): Promise<string> {
    return (await this.#run(args)).stdout;
  }

  /** Without a namespace they belong to the cluster. */
  async apply(objects: readonly object[], namespace?: string): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    const place = namespace === undefined ? [] : ["--namespace", namespace];
    await this.#run([...place, "apply", "--server-side", "--force-conflicts", "--filename=-"], input);
  }

  async exec(namespace: string, pod: string, ...command: readonly string[]): Promise<string> {
    return this.run("exec", "--namespace", namespace, pod, "--", ...command);
  }

  async waitForRollouts(namespace: string, workloads: readonly string[]): Promise<void> {
    await Promise.all(workloads.map((workload) => this.run("rollout", "status", "--namespace", namespace, workload, WAIT)));
  }

  async deleteNamespaces(...names: readonly string[]): Promise<void> {
    await this.run("delete", "namespace", ...names, "--ignore-not-found", "--wait", WAIT);
  }

  #run(args: readonly string[], input?: string): Promise<{ readonly stdout: string }> {
    return run(this.#program, args, { env: { KUBECONFIG: this.#kubeconfig }, input, signal: this.#signal });
  }
}
