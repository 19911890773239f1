// SPDX-License-Identifier: Apache-2.0
// The page's language: Vietnamese unless this person chose otherwise here before.
import {
  CATALOGUES,
  causeText,
  errorText,
  fill,
  LANGUAGES,
  type Language,
  type TextKey,
  type ValuesOf,
} from '../i18n/translate';

const STORED = 'rong.language';

function stored(): Language {
  try {
    const language = localStorage.getItem(STORED);
    return LANGUAGES.find((known) => known === language) ?? 'vi';
  } catch {
    return 'vi'; // storage is switched off
  }
}

let current = $state(stored());

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // The choice lasts for this page only.
  }
}

/** A text in the current language; views that show it follow a change. */
export function t<Key extends TextKey>(key: Key, ...[values]: ValuesOf<Key>): string {
  const text = CATALOGUES[current][key];
  return values ? fill(text, values) : text;
}

/** How long something lasts, roughly: it changes seldom, however many rows show it. */
export function ageIn(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return t('age.now');
  if (minutes < 120) return t('age.minutes', { count: minutes });
  if (minutes < 2880) return t('age.hours', { count: Math.floor(minutes / 60) });
  return t('age.days', { count: Math.floor(minutes / 1440) });
}

/** What is wrong with a device and the cure; null: a code that nobody knows. */
export function causeIn(code: string): string | null {
  return causeText(current, code);
}

export function errorIn(code: string): string {
  return errorText(current, code);
}
