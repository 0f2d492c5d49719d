/** What the page and the worker say to each other. */
import type { Assets } from '../assets.ts';
import type { AppInfo, BundleManifest } from '../format.ts';
import type { CameraTags } from '../pixels/exif.ts';
import type { Reason } from '../pixels/errors.ts';

/** What the engine may take; `frugal` after it failed with more. */
export interface Resources {
  threads: number;
  frugal: boolean;
}

export type Request =
  | { id: number; ask: 'start'; assets: Assets; resources: Resources }
  | { id: number; ask: 'classify'; photo: ArrayBuffer }
  | { id: number; ask: 'selfCheck' }
  | { id: number; ask: 'bitmap'; bitmap: ImageBitmap | null }; // the answer to `decode`

/** Everything the worker says of one photo. */
export interface Answer {
  sha256: string;
  /** In the bundle's order. */
  probabilities: number[];
  /** uint8 RGB, what the model saw, and its size. */
  pixels: Uint8Array;
  size: readonly [number, number];
  /** Where it saw the most probable class: float32 by rows. */
  evidence: Float32Array;
  evidenceSize: readonly [number, number];
  tags: CameraTags;
  notes: string[];
  milliseconds: { decode: number; model: number };
}

export interface Started {
  app: AppInfo;
  manifest: BundleManifest;
  engine: string;
  threads: number;
  milliseconds: number;
}

/** The parts of the report that `edgetlc selftest` writes too, by the same names. */
export interface SelfCheck {
  pixels: {
    photos: { photo: string; largest: number | null; differing: number | null; samples: number }[];
    passed: boolean;
  };
  models: {
    model: string;
    engine: string;
    written_by: string;
    answers: { photo: string; expected: string; found: string; largest: number }[];
    passed: boolean;
  }[];
}

export type Reply =
  | { id: number; ok: true; result: Started | Answer | SelfCheck }
  | { id: number; ok: false; reason: Reason | 'engine' | 'changed'; message: string }
  | { id: number; progress: string }
  | { id: number; decode: Uint8Array; type: string }; // the page may decode what a worker cannot
