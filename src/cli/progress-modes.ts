/** How progress is shown. Apart from the display, which no help needs. */

/** `auto`: a live line if standard error is a terminal, else nothing. `text`: plain lines where it is none. */
export const PROGRESS_MODES = ["auto", "text", "json", "none"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];
