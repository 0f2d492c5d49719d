/** The language shown: the phone's at first, then the one chosen. */
import en from './words.en.json';
import zh from './words.zh.json';

/** English is written here, the Chinese comes of the project's catalogue (`make locale`). */
const WORDS = { en, zh };

export type Language = 'zh' | 'en';
export type Word = keyof typeof en;

const KEPT = 'edgetlc-language';
let current: Language = initial();

function initial(): Language {
  const kept = remembered();
  if (kept === 'zh' || kept === 'en') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // some browsers keep nothing for pages from files
  }
}

export const language = (): Language => current;

export function setLanguage(chosen: Language): void {
  current = chosen;
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // then it is asked again next time
  }
}

/** A text in the current language; `{0}`, `{1}` take the values. */
export function say(word: Word, ...values: (string | number)[]): string {
  return WORDS[current][word].replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)] ?? ''));
}

/** What is written in both, in the current language; the other where that is empty. */
export function pick(both: { zh: string; en: string }): string {
  return both[current] || both.en || both.zh;
}
