import type { App, View } from './app.ts';
import { element } from './dom.ts';
import { language, say } from './language.ts';
import { classificationReport, csv, fileName, save } from './reports.ts';
import { banner } from './resultCard.ts';

/** What was classified: export it, clear it. */
export function historyView(app: App): View {
  const list = element('div', { class: 'cards' });
  const count = element('p', { role: 'status', class: 'status' });
  const lost = element('p', { class: 'caution' }, `⚠ ${say('historyLost')}`);
  let urls: string[] = [];
  const show = async (): Promise<void> => {
    const entries = await app.history.all();
    urls.forEach((url) => URL.revokeObjectURL(url));
    urls = [];
    lost.hidden = app.history.kept;
    count.textContent = entries.length ? say('records', entries.length) : say('noHistory');
    list.replaceChildren(
      ...entries.slice(0, 200).map(({ time, record, thumbnail }) => {
        const url = thumbnail ? URL.createObjectURL(new Blob([thumbnail], { type: 'image/jpeg' })) : '';
        if (url) urls.push(url);
        return element('article', { class: 'card entry' },
          url ? element('img', { src: url, alt: say('photoOf', record.file) }) : null,
          element('div', {},
            banner(record),
            element('p', { class: 'file' }, `${new Date(time).toLocaleString(language())} · ${record.file}`),
          ),
        );
      }),
    );
  };
  const records = async () => (await app.history.all()).reverse().map((entry) => entry.record);
  const saveJson = async (): Promise<void> => {
    const report = classificationReport(await records(), app.started, app.machine);
    await save(fileName('results', 'json'), JSON.stringify(report, null, 2), 'application/json');
  };
  const saveCsv = async (): Promise<void> => {
    const table = csv(await records(), app.started, app.machine);
    await save(fileName('results', 'csv'), table, 'text/csv');
  };
  const clear = async (): Promise<void> => {
    if (!confirm(say('sureClear'))) return;
    await app.history.clear();
    await show();
  };
  const button = (text: string, act: () => Promise<void>, kind: string): HTMLElement =>
    element('button', { type: 'button', class: `big ${kind}`, onclick: () => void act() }, text);
  return {
    element: element('section', {},
      lost,
      element('div', { class: 'buttons' },
        button(say('saveJson'), saveJson, 'second'),
        button(say('saveCsv'), saveCsv, 'second'),
        button(say('clear'), clear, 'danger'),
      ),
      count,
      list,
    ),
    shown: () => void show(),
  };
}
