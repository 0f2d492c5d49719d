/** The batch run: many labelled photos, for this phone's parity report. */
import type { App } from './app.ts';
import { element } from './dom.ts';
import { say } from './language.ts';
import { Refusal } from './client.ts';
import { type AnyRecord, labelOf, recordOf } from './record.ts';
import { classificationReport, csv, fileName, save } from './reports.ts';

/** A record with the label that the photo's folder or name tells. */
type Labelled = AnyRecord & { expected?: string | null };

export function batchPanel(app: App): HTMLElement {
  const outcome = element('div', { role: 'status' });
  let stopped = false;
  const run = async (files: readonly File[]): Promise<void> => {
    stopped = false;
    const records: Labelled[] = [];
    const progress = element('p', { class: 'status' });
    const stop = element('button', { type: 'button', class: 'big second', onclick: () => {
      stopped = true;
    } }, say('stop'));
    outcome.replaceChildren(progress, stop);
    for (const [index, file] of files.entries()) {
      if (stopped) break;
      progress.textContent = say('batchRunning', index + 1, files.length);
      records.push(await labelled(app, file));
    }
    outcome.replaceChildren(...summary(app, records));
  };
  const folder = chooser(say('chooseFolder'), run, { webkitdirectory: true });
  return element('div', {},
    element('h2', {}, say('batch')),
    element('p', { class: 'hint' }, say('batchHint')),
    element('div', { class: 'buttons' },
      'webkitdirectory' in HTMLInputElement.prototype ? folder : null,
      chooser(say('choosePhotos'), run, { multiple: true }),
    ),
    outcome,
  );
}

function chooser(
  text: string,
  chosen: (files: readonly File[]) => Promise<void>,
  how: Record<string, boolean>,
): HTMLElement {
  const input = element('input', { type: 'file', ...how, class: 'hidden-input' });
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])].filter((file) => !file.name.startsWith('.'));
    input.value = '';
    void chosen(files);
  });
  return element('label', { class: 'big second' }, input, text);
}

async function labelled(app: App, file: File): Promise<Labelled> {
  const path = file.webkitRelativePath || file.name;
  try {
    const record = recordOf(path, await app.client.classify(file), app.started);
    return { ...record, expected: labelOf(path, app.started.manifest.classes) };
  } catch (error) {
    const reason = error instanceof Refusal ? error.message : String(error);
    return { file: path, decision: 'unreadable', reason };
  }
}

function summary(app: App, records: readonly Labelled[]): HTMLElement[] {
  const read = records.filter((one) => one.decision !== 'unreadable');
  const withLabel = read.filter((one) => one.expected);
  const right = withLabel.filter((one) => 'label' in one && one.label === one.expected);
  const notSure = read.filter((one) => one.decision === 'not_sure');
  const text = say('batchDone', records.length, records.length - read.length,
    withLabel.length, right.length, notSure.length);
  const saveJson = (): void => {
    const report = classificationReport(records, app.started, app.machine);
    void save(fileName('batch', 'json'), JSON.stringify(report, null, 2), 'application/json');
  };
  const saveCsv = (): void => {
    void save(fileName('batch', 'csv'), csv(records, app.started, app.machine), 'text/csv');
  };
  return [
    element('p', { class: 'status' }, text),
    element('div', { class: 'buttons' },
      element('button', { type: 'button', class: 'big second', onclick: saveJson }, say('saveReport')),
      element('button', { type: 'button', class: 'big second', onclick: saveCsv }, say('saveCsv')),
    ),
  ];
}
