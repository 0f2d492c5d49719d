/** What the app keeps and exports of a photo: the record of `edgetlc predict --results-file`. */
import type { CameraStatus, Caution, ClassInfo, Role } from '../format.ts';
import type { Answer, Started } from '../worker/messages.ts';
import { identify } from './identify.ts';

export interface PhotoRecord {
  file: string;
  decision: 'answer' | 'not_sure';
  label: string;
  zh: string;
  en: string;
  role: Role;
  confidence: number;
  needed: number;
  runner_up: string;
  runner_up_zh: string;
  runner_up_en: string;
  runner_up_confidence: number;
  probabilities: Record<string, number>;
  camera: string | null;
  camera_by: 'exif' | 'name' | null;
  camera_conflict: string | null;
  verified: CameraStatus;
  cautions: Caution[];
  notes: string[];
  sha256: string;
}

export interface UnreadableRecord {
  file: string;
  decision: 'unreadable';
  reason: string;
}

export type AnyRecord = PhotoRecord | UnreadableRecord;

export function recordOf(file: string, answer: Answer, { app, manifest }: Started): PhotoRecord {
  const order = answer.probabilities
    .map((probability, index) => ({ probability, index }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index);
  const [first, second] = order as [(typeof order)[number], (typeof order)[number]];
  const [label, runnerUp] = [manifest.classes[first.index]!, manifest.classes[second.index]!];
  const needed = app.needed[label.name]!;
  const camera = identify(file, answer.tags, app.cameras);
  const { verified, cautions } = camera.camera ?? app.unknown_camera;
  return {
    file,
    decision: first.probability >= needed ? 'answer' : 'not_sure',
    label: label.name,
    zh: label.zh,
    en: label.en,
    role: label.role,
    confidence: first.probability,
    needed,
    runner_up: runnerUp.name,
    runner_up_zh: runnerUp.zh,
    runner_up_en: runnerUp.en,
    runner_up_confidence: second.probability,
    probabilities: Object.fromEntries(
      manifest.classes.map((info, i) => [info.name, answer.probabilities[i]!]),
    ),
    camera: camera.camera?.id ?? null,
    camera_by: camera.by,
    camera_conflict: camera.conflict,
    verified,
    cautions: camera.simulated ? [app.simulated_photo, ...cautions] : cautions,
    notes: answer.notes,
    sha256: answer.sha256,
  };
}

/** The class that a photo's folder or name tells; null where neither does. */
export function labelOf(path: string, classes: readonly ClassInfo[]): string | null {
  const parts = path.split('/');
  const file = parts.pop()!;
  for (const folder of parts.reverse()) {
    const found = classes.find((c) => [c.name, c.zh, c.en].includes(folder));
    if (found) return found.name;
  }
  const named = classes.filter((c) =>
    [c.name, c.zh, c.en].some((n) => n && file.startsWith(n) && /[-_ .]/.test(file[n.length] ?? '')),
  );
  return named.length === 1 ? named[0]!.name : null;
}
