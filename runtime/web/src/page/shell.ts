/** The frame around the views: title, language, navigation. */
import type { View } from './app.ts';
import { element } from './dom.ts';
import { type Word, language, say, setLanguage } from './language.ts';

export type Page = 'classify' | 'history' | 'check' | 'about';
const SIGNS: Record<Page, string> = { classify: '◉', history: '☰', check: '✓', about: 'ⓘ' };

/** Shows the views in the current language, and again when that is changed. */
export function showShell(root: HTMLElement, makeViews: () => Record<Page, View>, at: Page): void {
  document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
  document.title = say('title');
  const views = makeViews();
  const pages = Object.keys(views) as Page[];
  const main = element('main', { tabindex: '-1' });
  let current = at;
  const tabs = pages.map((page) =>
    element('button', { type: 'button', 'data-page': page, onclick: () => go(page) },
      element('span', { 'aria-hidden': 'true' }, SIGNS[page]),
      element('span', {}, say(page as Word)),
    ),
  );
  const go = (page: Page): void => {
    current = page;
    main.replaceChildren(views[page].element);
    tabs.forEach((tab) => {
      if (tab.dataset['page'] === page) tab.setAttribute('aria-current', 'page');
      else tab.removeAttribute('aria-current');
    });
    views[page].shown?.();
    window.scrollTo(0, 0);
  };
  const other = element('button', { type: 'button', class: 'language', onclick: () => {
    setLanguage(language() === 'zh' ? 'en' : 'zh');
    showShell(root, makeViews, current);
  } }, say('otherLanguage'));
  root.replaceChildren(
    element('header', {}, element('h1', {}, say('title')), other),
    main,
    element('nav', { 'aria-label': say('navigation') }, ...tabs),
  );
  go(at);
}
