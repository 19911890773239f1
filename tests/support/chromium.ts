// Debian's Chromium with a camera and a microphone of the test's own.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

import { writeCamera, writeMicrophone } from './fake-capture.ts';
import { toneOf } from './stage.ts';

/** A browser whose camera shows `mark` and whose microphone gives that mark's tone. */
export async function openChromium(mark: number): Promise<Browser> {
  const folder = resolve('build/test/capture');
  mkdirSync(folder, { recursive: true });
  const camera = `${folder}/camera-${mark}.y4m`;
  const microphone = `${folder}/microphone-${mark}.wav`;
  writeCamera(camera, mark);
  writeMicrophone(microphone, toneOf(mark));
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${camera}`,
      `--use-file-for-fake-audio-capture=${microphone}`,
    ],
  });
}

/** A page that trusts the house's own authority, and what the browser complained of. `before` runs in it first. */
export async function openPage(
  browser: Browser,
  url: string,
  before?: () => void,
): Promise<{ page: Page; context: BrowserContext; complaints: string[] }> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1366, height: 768 },
    permissions: ['camera', 'microphone'],
    locale: 'vi-VN',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    const host = new URL(request.url()).host;
    if (/^https?:|^wss?:/.test(request.url()) && host !== new URL(url).host)
      complaints.push(`asked a foreign host: ${host}`);
  });
  if (before) await page.addInitScript(before);
  await page.goto(url);
  return { page, context, complaints };
}
