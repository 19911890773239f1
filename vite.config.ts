// SPDX-License-Identifier: Apache-2.0
// Builds the page into build/web: one HTML file and hashed assets, all from our own host.
import { readFileSync } from 'node:fs';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export default defineConfig({
  root: 'web-client',
  base: './',
  plugins: [svelte()],
  define: { __VERSION__: JSON.stringify(version) },
  build: {
    outDir: '../build/web',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the page's content security policy allows no data: address
    modulePreload: { polyfill: false },
  },
});
