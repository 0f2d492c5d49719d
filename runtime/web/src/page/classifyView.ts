/** Photographing or choosing photos, and their answers. */
import type { App, View } from './app.ts';
import { element } from './dom.ts';
import type { Entry } from './history.ts';
import { say } from './language.ts';
import { draw } from './overlay.ts';
import { canPreview, openPreview } from './preview.ts';
import { recordOf } from './record.ts';
import { explain } from './refusal.ts';
import { resultCard, unreadableCard } from './resultCard.ts';

const MOST_CARDS = 20; // on the page; the history holds the rest
const THUMBNAIL = 96; // pixels

const TYPES = 'image/jpeg,image/png,image/webp,image/avif,image/heic,image/heif,image/*';

export function classifyView(app: App): View {
  const status = element('p', { role: 'status', class: 'status' }, say('ready'));
  const cards = element('div', { class: 'cards' });
  let queue: Promise<void> = Promise.resolve();
  const classify = (files: readonly File[]): void => {
    queue = queue.then(() => classifyAll(app, files, cards, status));
  };
  const buttons = element('div', { class: 'buttons' },
    chooser(say('takePhoto'), classify, { capture: 'environment' }),
    chooser(say('choosePhotos'), classify, { multiple: true }),
    canPreview()
      ? element('button', { type: 'button', class: 'big second', onclick: () => {
          void openPreview((file) => classify([file]), (why) => { status.textContent = why; });
        } }, say('preview'))
      : null,
  );
  const hint = element('p', { class: 'hint' }, say('firstHint'));
  return { element: element('section', {}, buttons, status, cards, hint) };
}

/** A large button that opens the phone's camera or its photos. */
function chooser(
  text: string,
  chosen: (files: readonly File[]) => void,
  how: { capture?: string; multiple?: boolean },
): HTMLElement {
  const input = element('input', { type: 'file', accept: TYPES, ...how, class: 'hidden-input' });
  input.addEventListener('change', () => {
    chosen([...(input.files ?? [])]);
    input.value = ''; // so that the same photo can be chosen again
  });
  return element('label', { class: how.capture ? 'big' : 'big second' }, input, text);
}

async function classifyAll(
  app: App,
  files: readonly File[],
  cards: HTMLElement,
  status: HTMLElement,
): Promise<void> {
  for (const [index, file] of files.entries()) {
    status.textContent = say('working', index + 1, files.length);
    cards.prepend(await cardOf(app, file));
    while (cards.children.length > MOST_CARDS) cards.lastElementChild?.remove();
  }
  status.textContent = say('done', files.length);
}

async function cardOf(app: App, file: File): Promise<HTMLElement> {
  try {
    const answer = await app.client.classify(file);
    const record = recordOf(file.name, answer, app.started);
    const thumbnail = await thumbnailOf(answer);
    await app.history.add({ time: new Date().toISOString(), record, thumbnail });
    return resultCard(record, answer, app);
  } catch (error) {
    return unreadableCard(file.name, explain(error));
  }
}

async function thumbnailOf(picture: {
  pixels: Uint8Array;
  size: readonly [number, number];
}): Promise<Entry['thumbnail']> {
  const whole = document.createElement('canvas');
  draw(whole, picture);
  const scale = THUMBNAIL / Math.max(...picture.size);
  const small = document.createElement('canvas');
  [small.width, small.height] = picture.size.map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  small.getContext('2d')?.drawImage(whole, 0, 0, small.width, small.height);
  const blob = await new Promise<Blob | null>((resolve) => small.toBlob(resolve, 'image/jpeg', 0.8));
  return blob && new Uint8Array(await blob.arrayBuffer());
}
