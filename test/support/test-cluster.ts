import { randomBytes } from "node:crypto";
import { kubeconfigPath, kubectlPath } from "../../dev/cluster/kubeconfig.ts";
import { load } from "../../dev/cluster/load.ts";
import { type Output, run } from "../../dev/host/run.ts";

/** How long a pod, a claim or a snapshot may take on a busy machine before a test gives up on it. */
const WAIT = "--timeout=120s";

/** A cluster as a test sees it, with a namespace of its own. */
export class TestCluster implements AsyncDisposable {
  readonly name: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly #signal: AbortSignal | undefined;

  private constructor(name: string, namespace: string, signal: AbortSignal | undefined) {
    this.name = name;
    this.kubeconfig = kubeconfigPath(name);
    this.namespace = namespace;
    this.#signal = signal;
  }

  static async open(name: string, signal?: AbortSignal): Promise<TestCluster> {
    const cluster = new TestCluster(name, `test-${randomBytes(4).toString("hex")}`, signal);
    await cluster.kubectl("create", "namespace", cluster.namespace);
    return cluster;
  }

  /** Runs kubectl in the test's namespace and returns its standard output. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return (await this.#run(args)).stdout;
  }

  /** Creates or updates objects in the test's namespace. */
  async apply(...objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await this.#run(["apply", "--server-side", "--filename=-"], input);
  }

  /** Waits for a condition as `kubectl wait` words it: `condition=Ready`, `jsonpath={.status.readyToUse}=true`, `delete`. */
  async waitFor(object: string, condition: string): Promise<void> {
    await this.kubectl("wait", object, `--for=${condition}`, WAIT);
  }

  async exec(pod: string, ...command: readonly string[]): Promise<string> {
    return this.kubectl("exec", pod, "--", ...command);
  }

  /** One field of one object, as a JSONPath expression without its braces: `.status.phase`. */
  async field(object: string, path: string): Promise<string> {
    return this.kubectl("get", object, `--output=jsonpath={${path}}`);
  }

  /** Puts an image of dev/images on every node and returns the name for a pod's `image`. */
  async image(name: string): Promise<string> {
    const [reference] = await load(this.name, [name], this.#signal);
    return reference ?? name;
  }

  /** Removes the namespace. The volumes in it go in the background. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run(kubectlPath(this.name), ["delete", "namespace", this.namespace, "--wait=false", "--ignore-not-found"]);
  }

  #run(args: readonly string[], input?: string): Promise<Output> {
    return run(kubectlPath(this.name), [`--namespace=${this.namespace}`, ...args], { input, signal: this.#signal });
  }
}
