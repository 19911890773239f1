// SPDX-License-Identifier: Apache-2.0
// Texts by key. Pure: the language is a parameter; the page's current one is the view's business.
import { ERRORS } from '../protocol/messages.gen';
import { en } from './en';
import { vi, type Catalogue, type TextKey } from './vi';

export type { TextKey } from './vi';

export const LANGUAGES = ['vi', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { vi, en };

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

/** The values that a text wants, known to the compiler from its Vietnamese form. */
export type Values<Key extends TextKey> = Readonly<
  Record<Placeholder<(typeof vi)[Key]>, string | number>
>;

/** No second argument where the text has no placeholder. */
export type ValuesOf<Key extends TextKey> =
  Placeholder<(typeof vi)[Key]> extends never ? [] : [values: Values<Key>];

export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function translate<Key extends TextKey>(
  language: Language,
  key: Key,
  ...[values]: ValuesOf<Key>
): string {
  const text = CATALOGUES[language][key];
  return values ? fill(text, values) : text;
}

export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(vi, key);
}

/** The contract's own sentence for a code; null: it has none. */
export function causeText(language: Language, code: string): string | null {
  return Object.entries(ERRORS).find(([name]) => name === code)?.[1][language] ?? null;
}

/** What happened and what to do, in one sentence, for an error code of the contract or of the page. */
export function errorText(language: Language, code: string): string {
  const key = `error.${code}`;
  if (isTextKey(key)) return CATALOGUES[language][key];
  const known = causeText(language, code);
  if (known !== null) return translate(language, 'error.more', { text: known, code });
  return translate(language, 'error.unknown', { code });
}

/** A length of time on a clock: 0:07, 12:30, 1:02:03. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
