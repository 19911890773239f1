// SPDX-License-Identifier: Apache-2.0
// The page's language: Vietnamese unless this person chose otherwise here before.
import {
  CATALOGUES,
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

export function errorIn(code: string): string {
  return errorText(current, code);
}
