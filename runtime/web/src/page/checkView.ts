import type { SelfCheck } from '../worker/messages.ts';
import type { App, View } from './app.ts';
import { batchPanel } from './batchPanel.ts';
import { element } from './dom.ts';
import { say } from './language.ts';
import { explain } from './refusal.ts';
import { fileName, save, selfTestReport } from './reports.ts';

/** The self-check and the batch run. */
export function checkView(app: App): View {
  const outcome = element('div', { role: 'status' });
  const run = async (): Promise<void> => {
    button.disabled = true;
    try {
      const found = await app.client.selfCheck((progress) => {
        outcome.replaceChildren(element('p', { class: 'status' }, say('checking', progress)));
      });
      outcome.replaceChildren(...shown(found, app));
    } catch (error) {
      outcome.replaceChildren(element('p', { class: 'caution' }, explain(error)));
    }
    button.disabled = false;
  };
  const button = element('button', { type: 'button', class: 'big', onclick: () => void run() }, say('runSelfCheck'));
  return {
    element: element('section', {},
      element('h2', {}, say('selfCheck')),
      element('p', { class: 'hint' }, say('selfCheckHint')),
      element('div', { class: 'buttons' }, button),
      outcome,
      batchPanel(app),
    ),
  };
}

function shown(found: SelfCheck, app: App): HTMLElement[] {
  const report = selfTestReport(found, app.started, app.machine) as { passed: boolean };
  const { passed } = report;
  const differences = found.pixels.photos.map((photo) => photo.largest);
  const pixels = differences.includes(null) ? '∞' : Math.max(...(differences as number[]));
  const answers = found.models.flatMap((model) => model.answers);
  const changed = answers.filter((answer) => answer.expected !== answer.found).length;
  const largest = Math.max(...answers.map((answer) => answer.largest));
  const saveReport = (): void => {
    void save(fileName('selftest', 'json'), JSON.stringify(report, null, 2), 'application/json');
  };
  return [
    element('div', { class: `banner ${passed ? 'genuine' : 'counterfeit'}` },
      element('span', { class: 'sign', 'aria-hidden': 'true' }, passed ? '✓' : '✕'),
      element('strong', {}, say(passed ? 'checkPassed' : 'checkFailed')),
    ),
    element('p', {}, say('checkPixels', pixels)),
    element('p', {}, say('checkAnswers', changed, answers.length, largest.toPrecision(2))),
    element('div', { class: 'buttons' },
      element('button', { type: 'button', class: 'big second', onclick: saveReport }, say('saveReport')),
    ),
  ];
}
