/** A part of a benchmark in parts: it runs by itself, and gives figures and how far they are from what they are to be. */
import type { Cost } from "./measure.ts";

/** @typeParam Bench What it runs on */
export interface Part<Bench> {
  readonly name: string;
  readonly description: string;
  readonly run: (bench: Bench) => Promise<Outcome>;
}

export interface FigureSink {
  /** Told of every figure when it is there. */
  readonly onFigure: (figure: Figure) => void;
}

export interface Figure {
  readonly what: string;
  readonly tool: string;
  /** By name and unit: `wall s`. */
  readonly values: Readonly<Record<string, number>>;
}

export interface Goal {
  readonly text: string;
  readonly measured: string;
  readonly isReached: boolean;
}

export interface Outcome {
  readonly figures: readonly Figure[];
  readonly goals: readonly Goal[];
}

export function costValues({ wallSeconds, cpuSeconds, peakBytes }: Cost): Record<string, number> {
  return { "wall s": wallSeconds, "CPU s": cpuSeconds, "peak MB": peakBytes / 1e6 };
}

/** A goal for a value that shall not be larger. @param unit Behind the number: `x`, ` MB` */
export function atMost(text: string, value: number, limit: number, unit: string): Goal {
  return { text, measured: `${value.toFixed(2)}${unit}`, isReached: value <= limit };
}

/** A goal for a value that shall not be smaller. */
export function atLeast(text: string, value: number, limit: number, unit: string): Goal {
  return { text, measured: `${value.toFixed(2)}${unit}`, isReached: value >= limit };
}

/** Gathers a part's figures, and tells of each. */
export class Figures {
  readonly all: Figure[] = [];
  readonly #onFigure: (figure: Figure) => void;

  constructor({ onFigure }: FigureSink) {
    this.#onFigure = onFigure;
  }

  add(what: string, tool: string, values: Readonly<Record<string, number>>): void {
    const figure = { what, tool, values };
    this.all.push(figure);
    this.#onFigure(figure);
  }
}
