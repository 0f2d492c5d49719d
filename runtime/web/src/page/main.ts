/** Starts the app: finds its parts, loads the model in a worker, shows the views. */
import './app.css';
import { type Assets, readAsset } from '../assets.ts';
import { aboutView } from './aboutView.ts';
import type { App } from './app.ts';
import { checkView } from './checkView.ts';
import { classifyView } from './classifyView.ts';
import { Client } from './client.ts';
import { element } from './dom.ts';
import { History } from './history.ts';
import { historyView } from './historyView.ts';
import { language, say } from './language.ts';
import { isIos, thisMachine } from './machine.ts';
import { explain } from './refusal.ts';
import { showShell } from './shell.ts';

const INLINE = 'asset:';
const MOST_THREADS = 4;

/** The parts inside this page, which then lets go of their text; or the folder it lies in. */
function findAssets(): Assets {
  const inline = [...document.querySelectorAll<HTMLScriptElement>(`script[id^="${INLINE}"]`)];
  if (!inline.length) return { kind: 'folder', base: new URL('.', location.href).href };
  const texts = inline.map((script) => {
    const blob = new Blob([script.textContent ?? '']); // kept outside the page's memory
    script.remove();
    return [script.id.slice(INLINE.length), blob] as const;
  });
  return { kind: 'inline', texts: Object.fromEntries(texts) };
}

/** Threads where the host isolates the page; one on iOS, where more may hang. */
function threads(): number {
  if (!globalThis.crossOriginIsolated || isIos()) return 1;
  return Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1);
}

async function start(root: HTMLElement): Promise<void> {
  document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  root.replaceChildren(element('p', { class: 'loading', role: 'status' }, say('loading')));
  const assets = findAssets();
  if (assets.kind === 'folder') void keepOffline();
  const client = new Client(assets, threads());
  const started = await client.start();
  const app: App = {
    client,
    started,
    history: await History.open(started.app.bundle),
    machine: await thisMachine(),
    licences: async () => new TextDecoder().decode(await readAsset(assets, 'LICENCES.txt')),
  };
  const views = () => ({
    classify: classifyView(app),
    history: historyView(app),
    check: checkView(app),
    about: aboutView(app),
  });
  showShell(root, views, 'classify');
}

/** Installs the service worker, after which the app needs no host. */
async function keepOffline(): Promise<void> {
  try {
    await navigator.serviceWorker?.register('sw.js');
    await navigator.storage?.persist?.();
  } catch {
    // without one the app works as long as its host does
  }
}

function fail(root: HTMLElement, error: unknown): void {
  const old = typeof DecompressionStream === 'undefined';
  root.replaceChildren(
    element('div', { class: 'banner counterfeit', role: 'alert' },
      element('span', { class: 'sign', 'aria-hidden': 'true' }, '!'),
      element('div', {},
        element('strong', {}, say('startFailed')),
        element('div', {}, old ? say('tooOld') : explain(error)),
      ),
    ),
    element('button', { type: 'button', class: 'big second retry', onclick: () => location.reload() }, say('tryAgain')),
  );
}

const root = document.getElementById('app')!;
start(root).catch((error: unknown) => fail(root, error));
