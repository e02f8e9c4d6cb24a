export const KIB = 1_024;
export const MIB: number = 1_024 * KIB;
export const GIB: number = 1_024 * MIB;
