// SPDX-License-Identifier: Apache-2.0
// What the compiler cannot see: placeholders, spelling form, texts that are written past the catalogues.
import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { ERRORS } from '../protocol/messages.gen';
import { CATALOGUES, clock, errorText, LANGUAGES, translate } from './translate';
import { vi, type TextKey } from './vi';

const KEYS = Object.keys(vi) as TextKey[];
const UI = new URL('../ui/', import.meta.url);
const placeholders = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe.each(LANGUAGES)('the %s catalogue', (language) => {
  const texts = CATALOGUES[language];

  it('has every text and no other', () => {
    expect(Object.keys(texts).sort()).toEqual([...KEYS].sort());
  });

  it('has the placeholders of the Vietnamese text, and clean spelling', () => {
    const faults = KEYS.filter((key) => {
      const text = texts[key];
      const isClean = text !== '' && text.trim() === text && text.normalize('NFC') === text;
      return !isClean || String(placeholders(text)) !== String(placeholders(vi[key]));
    });
    expect(faults).toEqual([]);
  });
});

describe('errors', () => {
  it.each(LANGUAGES)('have a sentence for every code of the contract in %s', (language) => {
    for (const code of Object.keys(ERRORS)) {
      expect(errorText(language, code)).toMatch(/[.!]$/);
      expect(errorText(language, code)).not.toContain('{');
    }
  });

  it('name the cure of a spent link', () => {
    expect(errorText('vi', 'link.used')).toContain('xin thư ký một liên kết mới');
  });

  it('keep a code that nobody knows, for the hotline', () => {
    expect(errorText('vi', 'odd.code')).toContain('odd.code');
    expect(errorText('en', 'enroll.used')).toContain('enroll.used');
  });
});

describe('the views', () => {
  const files = readdirSync(UI).filter(
    (name) => /\.(svelte|ts)$/.test(name) && !name.endsWith('.test.ts'),
  );

  it('speak only through the catalogues', () => {
    const found = files.flatMap((name) => {
      const code = readFileSync(new URL(name, UI), 'utf8')
        .replace(/<!--[\s\S]*?-->|\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
        .replace("'Tiếng Việt'", ''); // a language is named in itself
      const markup = code.replace(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>/g, '');
      const texts = markup.replace(/\{[^{}]*\}/g, '').match(/>[^<>{}]*\p{L}[^<>{}]*</gu) ?? [];
      return [...(code.match(/[À-ỹ]+/g) ?? []), ...(name.endsWith('.svelte') ? texts : [])];
    });
    expect(found).toEqual([]);
  });

  it('use every text', () => {
    const sources = files.map((name) => readFileSync(new URL(name, UI), 'utf8')).join('\n');
    const families = [...sources.matchAll(/`([\w.]+)\.\$\{/g)].map(([, family]) => `${family}.`);
    const unused = KEYS.filter(
      (key) =>
        !key.startsWith('error.') &&
        !sources.includes(`'${key}'`) &&
        !families.some((family) => key.startsWith(family)),
    );
    expect(unused).toEqual([]);
  });
});

describe('values', () => {
  it('take their places', () => {
    expect(translate('vi', 'floor.position', { position: 2, length: 5 })).toBe(
      'Đang chờ, thứ 2 trong 5',
    );
  });

  it('show time as a clock does', () => {
    expect([-5, 7_000, 83_000, 750_000, 3_723_000].map(clock)).toEqual([
      '0:00',
      '0:07',
      '1:23',
      '12:30',
      '1:02:03',
    ]);
  });
});
