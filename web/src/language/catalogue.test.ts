import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { en, type Key } from './en';
import { CATALOGUES } from './LanguageProvider';
import { say } from './message';

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.tsx') && !name.includes('.test.'))
  .map(name => join('src', name));

/** Attributes that people read or hear. */
const SPOKEN = /^(?:label|title|placeholder|description|alt|error|text|aria-label|aria-description)$/;

/** Not language: AE titles of DICOM, keys of the keyboard, punctuation between texts. */
const WORD = /\p{L}{2,}/u;

function hardWired(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node) && WORD.test(node.text)) found.push(node.text.trim());
    if (ts.isJsxAttribute(node) && SPOKEN.test(node.name.getText())) {
      const value = node.initializer;
      const literal =
        value && ts.isStringLiteral(value)
          ? value
          : value && ts.isJsxExpression(value) && value.expression && ts.isStringLiteralLike(value.expression)
            ? value.expression
            : null;
      if (literal && WORD.test(literal.text)) found.push(literal.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.map(text => `${file}: ${text}`);
}

describe('the texts', () => {
  it('are never written into a component', () => {
    expect(SOURCES.length).toBeGreaterThan(10);
    expect(SOURCES.flatMap(hardWired)).toEqual([]);
  });

  it.each(Object.keys(CATALOGUES))('have the same parameters in %s', language => {
    const catalogue = CATALOGUES[language as keyof typeof CATALOGUES];
    const parameters = (key: Key, of: typeof catalogue) => {
      const message = of[key];
      const text = typeof message === 'string' ? message : message.other;
      return [...text.matchAll(/\{(\w+)\}/g)].map(match => match[1]).sort();
    };
    for (const key of Object.keys(en) as Key[]) {
      expect(parameters(key, catalogue), key).toEqual(parameters(key, en));
    }
  });

  it('are all used', () => {
    const code = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter(name => /\.tsx?$/.test(name) && !name.startsWith('language'))
      .map(name => readFileSync(join('src', name), 'utf8'))
      .join('\n');
    const unused = (Object.keys(en) as Key[]).filter(key => {
      const family = key.slice(0, key.lastIndexOf('.') + 1);
      return !code.includes(`'${key}'`) && !code.includes(`\`${family}\${`);
    });
    expect(unused).toEqual([]);
  });
});

describe('say', () => {
  it('chooses the plural of the language', () => {
    const message = { one: '{count} image', other: '{count} images' };
    expect(say(message, { count: 0 }, 'en')).toBe('0 images');
    expect(say(message, { count: 0 }, 'fr')).toBe('0 image');
    expect(say(message, { count: 1200 }, 'en')).toBe('1,200 images');
  });

  it('leaves a parameter that is missing where it can be seen', () => {
    expect(say('{name} has it', {}, 'en')).toBe('{name} has it');
  });
});
