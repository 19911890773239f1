// SPDX-License-Identifier: Apache-2.0
// The page's language: Vietnamese unless this person chose otherwise here before.
import type { SceneFault } from '../call/readiness';
import {
  CATALOGUES,
  causeText,
  errorText,
  fill,
  isTextKey,
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

/** How long something lasts: seconds at first, then roughly, so that it changes seldom. */
export function ageIn(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 60) return t('age.seconds', { count: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return t('age.minutes', { count: minutes });
  if (minutes < 2880) return t('age.hours', { count: Math.floor(minutes / 60) });
  return t('age.days', { count: Math.floor(minutes / 1440) });
}

/** What is wrong with a device and the cure; null: a code that nobody knows. */
export function causeIn(code: string): string | null {
  return causeText(current, code);
}

/** What a scene failed by, and the cure. */
export function sceneFaultIn(fault: SceneFault): string {
  const cause = fault.code === null ? null : causeIn(fault.code);
  if (fault.at !== null && cause !== null) return `${fault.at}: ${cause}`;
  return fault.text ?? t('scene_state.failed');
}

/** The name of an event's scene; null: it is a button of the room. */
export function sceneIn(name: string): string | null {
  const key = `scene.${name}`;
  return isTextKey(key) ? t(key as 'scene.idle') : null;
}

export function errorIn(code: string): string {
  return errorText(current, code);
}
