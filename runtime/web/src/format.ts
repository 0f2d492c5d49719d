/** What the exporter writes and the app reads: `app.json`, and the parts of `bundle.json` used. */
export type Role = 'genuine' | 'counterfeit' | 'unspecified';
export type CameraStatus = 'PASS' | 'FAIL' | 'INSUFFICIENT' | 'UNTESTED';

export interface Caution {
  code: string;
  en: string;
  zh: string;
}

/** What the bundle's verification says of a camera, with this model in a browser. */
export interface CameraVerification {
  verified: CameraStatus;
  cautions: Caution[];
}

export interface CameraInfo extends CameraVerification {
  id: string;
  zh: string;
  en: string;
  number: string | null;
  kind: string;
  exif: { make: string; model: string }[];
}

/** `app.json`: what edgetlc knows besides the bundle; its rules are computed there, once. */
export interface AppInfo {
  schema: 1;
  edgetlc: string;
  /** Digest of `bundle.json`. */
  bundle: string;
  model: string;
  engine: string;
  /** Confidence that an answer of each class needs, 0 to 1, by class name. */
  needed: Record<string, number>;
  cameras: CameraInfo[];
  unknown_camera: CameraVerification;
  simulated_photo: Caution;
  /** Largest difference of a probability and of a pixel that the self-check allows. */
  tolerance: { probability: number; pixels: number };
}

export interface ClassInfo {
  name: string;
  zh: string;
  en: string;
  role: Role;
}

export interface BundleManifest {
  created: string;
  edgetlc: string;
  classes: ClassInfo[];
  contract: { version: number; size: number; geometry: 'squash' | 'crop' };
  models: { id: string; format: string; precision: string; files: string[] }[];
  files: Record<string, { bytes: number; sha256: string }>;
}

export interface GoldenFile {
  inputs: { photo: string; pixels: string }[];
  outputs: { model: string; engine: string; written_by: string; probabilities: number[][] }[];
}
