// SPDX-License-Identifier: Apache-2.0
// Checks a body off the wire against a table that protocol/generate.py made: what fields.c is in C.

/** Where and why a body breaks the contract; `path` is such as `members[3].id`. */
export interface FieldFault {
  readonly code: 'proto.bad_field' | 'proto.missing_field';
  readonly path: string;
}

export interface Field {
  readonly name: string;
  readonly kind: 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'object';
  readonly required?: true;
  /** Of an array: the least and the most items. */
  readonly items?: readonly [number, number];
  /** Of a number its bounds, of a string its length in characters. */
  readonly min?: number;
  readonly max?: number;
  readonly ascii?: true;
  readonly pattern?: RegExp;
  readonly values?: readonly string[];
  readonly fields?: readonly Field[];
}

// Control characters but tab and line ends, and halves of surrogate pairs, are in no text.
// eslint-disable-next-line no-control-regex
const BAD_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\p{Surrogate}/u;
// eslint-disable-next-line no-control-regex
const NOT_ASCII = /[^\u0000-\u007f]/u;

function isText(field: Field, value: unknown): boolean {
  if (typeof value !== 'string' || BAD_TEXT.test(value)) return false;
  if (field.pattern) return field.pattern.test(value) && !value.endsWith('\n');
  if (field.ascii && NOT_ASCII.test(value)) return false;
  return isWithin(field, Array.from(value).length);
}

function isWithin(field: Field, value: number): boolean {
  return value >= (field.min ?? 0) && value <= (field.max ?? 0);
}

function fits(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case 'string':
      return isText(field, value);
    case 'enum':
      return typeof value === 'string' && (field.values ?? []).includes(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value) && isWithin(field, Number(value));
    case 'number':
      return Number.isFinite(value) && isWithin(field, Number(value));
    case 'object':
      return false; // has fields of its own
  }
}

function valueFault(field: Field, value: unknown, path: string): FieldFault | null {
  if (field.fields) return objectFault(field.fields, value, path);
  return fits(field, value) ? null : { code: 'proto.bad_field', path };
}

function arrayFault(field: Field, value: unknown, path: string): FieldFault | null {
  const [least, most] = field.items ?? [0, 0];
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    return { code: 'proto.bad_field', path };
  }
  for (const [at, item] of value.entries()) {
    const fault = valueFault(field, item, `${path}[${at}]`);
    if (fault) return fault;
  }
  return null;
}

function objectFault(fields: readonly Field[], value: unknown, path: string): FieldFault | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { code: 'proto.bad_field', path };
  }
  const given = new Map<string, unknown>(Object.entries(value));
  for (const field of fields) {
    const inner = path === '' ? field.name : `${path}.${field.name}`;
    if (!given.has(field.name)) {
      if (field.required) return { code: 'proto.missing_field', path: inner };
      continue;
    }
    const item = given.get(field.name);
    const fault = field.items ? arrayFault(field, item, inner) : valueFault(field, item, inner);
    if (fault) return fault;
  }
  return null;
}

/** The first fault of a body, null if it keeps the contract. Fields that are not named are ignored. */
export function findFault(fields: readonly Field[], d: unknown): FieldFault | null {
  return objectFault(fields, d, '');
}
