import type { App, View } from './app.ts';
import { element } from './dom.ts';
import { pick, say } from './language.ts';
import { describe } from './machine.ts';

/** What answers here: bundle, digest, model, engine, device, classes, licences. */
export function aboutView(app: App): View {
  const { started } = app;
  const { app: info, manifest } = started;
  const facts: [string, string][] = [
    [say('bundleIs'), `edgetlc ${manifest.edgetlc} · ${say('intact')} ✓`],
    [say('digest'), info.bundle],
    [say('written'), manifest.created],
    [say('modelIs'), info.model],
    [say('engineIs'), say('threadsAre', started.engine, started.threads)],
    [say('deviceIs'), describe(app.machine)],
    [say('classesAre'), manifest.classes.map(pick).join(', ')],
  ];
  const text = element('pre', { class: 'licences', tabindex: '0' });
  const licences = element('details', {}, element('summary', {}, say('licences')), text);
  licences.addEventListener('toggle', () => {
    if (licences.open && !text.textContent) void app.licences().then((all) => { text.textContent = all; });
  });
  return {
    element: element('section', {},
      element('p', { class: 'hint' }, say('privacy')),
      element('dl', {}, ...facts.flatMap(([name, value]) => [
        element('dt', {}, name),
        element('dd', {}, value),
      ])),
      licences,
    ),
  };
}
