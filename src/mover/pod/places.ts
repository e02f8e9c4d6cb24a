/** Where a mover finds what it needs. In its container these are the paths of the contract; tests have others. */
import { SECRET_FOLDER, VOLUME_DEVICE, VOLUME_FOLDER } from "../work.ts";

export interface MoverPlaces {
  readonly secretFolder: string;
  readonly volumeFolder: string;
  readonly device: string;
  readonly answerFile: string;
}

export const POD_PLACES: MoverPlaces = {
  secretFolder: SECRET_FOLDER,
  volumeFolder: VOLUME_FOLDER,
  device: VOLUME_DEVICE,
  answerFile: "/dev/termination-log",
};
