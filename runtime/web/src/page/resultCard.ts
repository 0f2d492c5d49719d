/** One photo's answer: the decision first, then what it rests on. */
import type { Answer } from '../worker/messages.ts';
import { element } from './dom.ts';
import { pick, say } from './language.ts';
import { shownNote } from './notes.ts';
import { draw } from './overlay.ts';
import { percent, percentNeeded } from './percent.ts';
import type { PhotoRecord } from './record.ts';
import type { App } from './app.ts';

const SIGNS = { genuine: '✓', counterfeit: '✕', unspecified: '●' } as const;

/** The decision as a coloured banner; "not sure" is as plain as an answer. */
export function banner(record: PhotoRecord): HTMLElement {
  if (record.decision === 'not_sure') {
    return element('div', { class: 'banner not-sure' },
      element('span', { class: 'sign', 'aria-hidden': 'true' }, '?'),
      element('div', {},
        element('strong', {}, say('notSure')),
        element('div', {}, say('mostLikely', pick(record))),
      ),
    );
  }
  const role = record.role === 'unspecified' ? null : say(record.role);
  return element('div', { class: `banner ${record.role}` },
    element('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[record.role]),
    element('div', {},
      element('strong', {}, pick(record)),
      role === null ? null : element('div', {}, role),
    ),
  );
}

/** The lines below the banner. */
export function details(record: PhotoRecord, { started }: App): HTMLElement {
  const camera = started.app.cameras.find((c) => c.id === record.camera);
  const by = record.camera_by === 'exif' ? say('byExif') : record.camera_by ? say('byName') : '';
  const name = camera ? `${pick(camera)} (${by})` : say('unknownCamera');
  const runnerUp = pick({ zh: record.runner_up_zh, en: record.runner_up_en });
  const lines = [
    say('confidence', percent(record.confidence), percentNeeded(record.needed)),
    say('runnerUp', runnerUp, percent(record.runner_up_confidence)),
    say('camera', name),
    say('verified', say(record.verified)),
  ];
  return element('div', { class: 'details' },
    ...lines.map((line) => element('p', {}, line)),
    ...record.cautions.map((caution) => element('p', { class: 'caution' }, `⚠ ${pick(caution)}`)),
    ...record.notes.map(shownNote).map(({ text, doubtful }) =>
      element('p', { class: doubtful ? 'caution' : 'note' }, doubtful ? `⚠ ${text}` : text),
    ),
    record.camera_conflict ? element('p', { class: 'note' }, record.camera_conflict) : null,
  );
}

/** The whole card of a photo just classified. */
export function resultCard(record: PhotoRecord, answer: Answer, app: App): HTMLElement {
  const canvas = element('canvas', { role: 'img' });
  const toggle = element('button', { type: 'button', class: 'small', 'aria-pressed': 'false' });
  const show = (evidence: boolean): void => {
    draw(canvas, answer, evidence ? { map: answer.evidence, size: answer.evidenceSize } : undefined);
    canvas.setAttribute('aria-label', say(evidence ? 'evidenceOf' : 'photoOf', record.file));
    toggle.setAttribute('aria-pressed', String(evidence));
    toggle.textContent = say(evidence ? 'hideEvidence' : 'showEvidence');
  };
  toggle.addEventListener('click', () => show(toggle.getAttribute('aria-pressed') === 'false'));
  show(false);
  return element('article', { class: 'card', 'data-file': record.file },
    banner(record),
    element('div', { class: 'picture' }, canvas, toggle),
    details(record, app),
    element('p', { class: 'file' }, record.file),
  );
}

/** The card of a photo that could not be read. */
export function unreadableCard(file: string, why: string): HTMLElement {
  return element('article', { class: 'card', 'data-file': file },
    element('div', { class: 'banner unreadable' },
      element('span', { class: 'sign', 'aria-hidden': 'true' }, '!'),
      element('div', {}, element('strong', {}, say('unreadable')), element('div', {}, why)),
    ),
    element('p', { class: 'file' }, file),
  );
}
