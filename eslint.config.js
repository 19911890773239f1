// SPDX-License-Identifier: Apache-2.0
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

// The page's layers, top to bottom; a folder may import itself and what stands below it.
const LAYERS = ['ui', 'call', 'media', 'signaling', 'i18n', 'protocol', 'base'];
const BESIDE = { media: ['signaling', 'i18n'], signaling: ['i18n'] };

const layerRules = LAYERS.map((layer, index) => {
    const banned = [...LAYERS.slice(0, index), ...(BESIDE[layer] ?? [])];
    return {
        files: [`web-client/src/${layer}/**`],
        ignores: ['**/*.test.ts'],
        rules: {
            'no-restricted-imports': [
                'error',
                {
                    patterns: [
                        { regex: `/(${banned.join('|')})/`, message: `${layer} is a lower layer` },
                    ],
                },
            ],
        },
    };
}).filter((_, index) => index > 0);

export default ts.config(
    { ignores: ['build/', 'node_modules/', '**/*.gen.ts'] },
    js.configs.recommended,
    {
        files: ['**/*.ts', '**/*.svelte'],
        extends: [...ts.configs.strictTypeChecked, ...ts.configs.stylisticTypeChecked],
        languageOptions: {
            parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] },
        },
        rules: {
            '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
            '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
            '@typescript-eslint/no-confusing-void-expression': [
                'error',
                { ignoreArrowShorthand: true },
            ],
            '@typescript-eslint/switch-exhaustiveness-check': [
                'error',
                { considerDefaultExhaustiveForUnions: true },
            ],
            'no-restricted-syntax': [
                'error',
                { selector: 'ExportDefaultDeclaration', message: 'exports have names' },
            ],
        },
    },
    ...svelte.configs.recommended,
    {
        files: ['**/*.svelte', '**/*.svelte.ts'],
        languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
        rules: { 'svelte/no-at-html-tags': 'error', 'svelte/require-each-key': 'error' },
    },
    {
        files: ['web-client/**', 'room-agent/core/page/**'],
        languageOptions: { globals: globals.browser },
    },
    {
        files: ['*.{js,ts}', 'tests/**'],
        languageOptions: { globals: globals.node },
        rules: { 'no-restricted-syntax': 'off' },
    },
    ...layerRules,
);
