// SPDX-License-Identifier: Apache-2.0
/** The page's version, put in by vite.config.ts. */
declare const __VERSION__: string;
