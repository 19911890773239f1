// SPDX-License-Identifier: Apache-2.0
// @vitest-environment node
// The contract's examples through the page's check, and through ajv as a judge that is not ours.
import { readdirSync, readFileSync } from 'node:fs';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020';
import { describe, expect, it } from 'vitest';

import { type FieldFault } from './fields';
import {
  isMessageName,
  type Messages,
  REQUEST_ROLES,
  type Replies,
  validate,
  validateReply,
} from './messages.gen';

interface Example {
  readonly d: unknown;
  readonly code?: string;
  readonly path?: string;
  /** What our rules refuse and JSON Schema has no word for. */
  readonly beyond_json_schema?: string;
}

interface Schema {
  readonly title: string;
  readonly 'x-reply'?: object;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function examples(folder: string): [string, Example][] {
  const root = `protocol/examples/${folder}`;
  return readdirSync(root).map((file) => [file, readJson(`${root}/${file}`) as Example]);
}

/** "floor.request.reply.third.json" → ["floor.request", true] */
function subject(file: string): { name: keyof Messages; isReply: boolean } {
  const full = file.split('.').slice(0, -2).join('.');
  const isReply = full.endsWith('.reply');
  const name = isReply ? full.slice(0, -'.reply'.length) : full;
  if (!isMessageName(name)) throw new Error(`${file} belongs to no message`);
  return { name, isReply };
}

function check(file: string, d: unknown): FieldFault | null {
  const { name, isReply } = subject(file);
  return isReply ? validateReply(name as keyof Replies, d) : validate(name, d);
}

function judges(): Map<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(readJson('protocol/schema/types.json') as object, 'types.json');
  const found = new Map<string, ValidateFunction>();
  for (const file of readdirSync('protocol/schema').filter((name) => name.endsWith('.json'))) {
    if (file === 'types.json' || file === 'errors.json') continue;
    const schema = readJson(`protocol/schema/${file}`) as Schema;
    found.set(schema.title, ajv.compile(schema));
    if (schema['x-reply']) found.set(`${schema.title}.reply`, ajv.compile(schema['x-reply']));
  }
  return found;
}

describe('the examples of the contract', () => {
  const ajv = judges();
  const judge = (file: string, d: unknown) => ajv.get(file.split('.').slice(0, -2).join('.'))?.(d);

  it.each(examples('valid'))('accepts %s', (file, example) => {
    expect(check(file, example.d)).toBeNull();
    expect(judge(file, example.d)).toBe(true);
  });

  it.each(examples('invalid'))('refuses %s', (file, example) => {
    expect(check(file, example.d)).toEqual({ code: example.code, path: example.path });
    expect(judge(file, example.d)).toBe(example.beyond_json_schema !== undefined);
  });
});

describe('a check', () => {
  it('refuses half of a surrogate pair', () => {
    const d = { scene: 'idle', banner: '\ud83c' };
    expect(validate('room.desired', d)).toEqual({ code: 'proto.bad_field', path: 'banner' });
  });

  it('does not take what an object inherits for a field', () => {
    const d: unknown = Object.create({ open: true });
    expect(validate('local.microphone', d)?.code).toBe('proto.missing_field');
    expect(isMessageName('constructor')).toBe(false);
  });

  it('refuses numbers that JSON does not have', () => {
    const send = { height: Number.NaN, fps: 25, kbps: Number.POSITIVE_INFINITY };
    expect(validate('local.send', send)?.path).toBe('height');
    expect(validate('local.send', { ...send, height: 0 })?.path).toBe('kbps');
  });
});

describe('the rights table', () => {
  it('says who may send a request', () => {
    expect(REQUEST_ROLES['floor.grant']).toEqual(['chair', 'secretary']);
    expect(REQUEST_ROLES['mcu.answer']).toEqual(['mcu']);
  });
});
