/** The files that leave the app, by the user's hand only; `edgetlc answers judge` reads the JSON. */
import type { SelfCheck, Started } from '../worker/messages.ts';
import { type Machine, describe } from './machine.ts';
import type { AnyRecord, UnreadableRecord } from './record.ts';

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, '+00:00');

export function selfTestReport(found: SelfCheck, started: Started, machine: Machine): object {
  return {
    kind: 'edgetlc-selftest',
    schema: 1,
    passed: found.pixels.passed && found.models.every((model) => model.passed),
    bundle_digest: started.app.bundle,
    created: now(),
    edgetlc: started.app.edgetlc,
    machine,
    ...found,
  };
}

export function classificationReport(
  records: readonly AnyRecord[],
  { app, engine }: Started,
  machine: Machine,
): object {
  return {
    kind: 'edgetlc-classification',
    schema: 1,
    bundle: app.bundle,
    model: app.model,
    engine,
    machine: describe(machine),
    predictions: records.filter((one) => one.decision !== 'unreadable'),
    unreadable: records
      .filter((one): one is UnreadableRecord => one.decision === 'unreadable')
      .map(({ file, reason }) => ({ file, reason })),
  };
}

const COLUMNS = [
  ...['file', 'decision', 'label', 'zh', 'en', 'role', 'confidence', 'needed'],
  ...['runner_up', 'runner_up_zh', 'runner_up_en', 'runner_up_confidence'],
  ...['camera', 'camera_by', 'camera_conflict', 'verified', 'cautions', 'notes', 'reason', 'sha256'],
];

/** The CSV of `edgetlc predict`: the same columns, with a mark by which Excel knows UTF-8. */
export function csv(records: readonly AnyRecord[], started: Started, machine: Machine): string {
  const { app, manifest, engine } = started;
  const names = manifest.classes.map((info) => info.name);
  const run = { bundle: app.bundle, model: app.model, engine, machine: describe(machine) };
  const row = (cells: readonly unknown[]): string => `${cells.map(cell).join(',')}\r\n`;
  const head = row([...COLUMNS, ...names.map((name) => `p(${name})`), ...Object.keys(run)]);
  const lines = records.map((one) => {
    const flat: Record<string, unknown> = { ...one };
    if (one.decision !== 'unreadable') {
      flat['cautions'] = one.cautions.map((caution) => caution.code).join('; ');
      flat['notes'] = one.notes.join('; ');
    }
    const probabilities = one.decision === 'unreadable' ? {} : one.probabilities;
    return row([
      ...COLUMNS.map((column) => flat[column]),
      ...names.map((name) => (probabilities as Record<string, number>)[name]),
      ...Object.values(run),
    ]);
  });
  return `\ufeff${head}${lines.join('')}`;
}

/** One cell; a spreadsheet must take no text for a formula. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hands a file to the user: by the share sheet on phones that have one for files, else a download. */
export async function save(name: string, content: string, type: string): Promise<void> {
  const file = new File([content], name, { type });
  if (navigator.maxTouchPoints > 0 && navigator.canShare?.({ files: [file] })) {
    try {
      await navigator.share({ files: [file], title: name });
      return;
    } catch (error) {
      if ((error as Error).name === 'AbortError') return;
    }
  }
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A file name with the time, such as `edgetlc-selftest-20260131-1405.json`. */
export function fileName(what: string, suffix: string): string {
  const time = new Date();
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  return `edgetlc-${what}-${day}-${two(time.getHours())}${two(time.getMinutes())}.${suffix}`;
}
