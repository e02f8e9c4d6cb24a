/** Amounts as Kubernetes writes them: `1Gi`, `500M`, `1.5e3`. Source: `resource.Quantity`. */

const FORM = /^(?<sign>[+-]?)(?<amount>\d+(?:\.\d*)?|\.\d+)(?:(?<unit>[numkMGTPE]|[KMGTPE]i)|[eE](?<power>[+-]?\d+))?$/;

const UNITS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Rounded up, as the server does; undefined: it is none. */
export function wholeQuantity(text: string): number | undefined {
  const { sign = "", amount, unit, power } = FORM.exec(text)?.groups ?? {};
  if (amount === undefined) return undefined;
  const factor = unit === undefined ? 10 ** Number(power ?? 0) : (UNITS[unit] ?? 1);
  const value = Math.ceil(Number(amount) * factor);
  return sign === "-" ? -value : value;
}
