// What AddressSanitizer, LeakSanitizer and UBSan say of a program that was built with them.

/** The first finding in what a program wrote; null: none. */
export function sanitizerFinding(text: string): string | null {
  return /^.*(ERROR: \w+Sanitizer|runtime error:).*$/m.exec(text)?.[0] ?? null;
}

/** Fails the test with the finding and what follows it. */
export function expectNoFinding(program: string, text: string): void {
  const finding = sanitizerFinding(text);
  if (finding === null) return;
  const at = text.indexOf(finding);
  throw new Error(`${program}: ${text.slice(at, at + 4_000)}`);
}
