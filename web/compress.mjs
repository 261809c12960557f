/**
 * Puts a `.br` and a `.gz` beside every file worth it below a folder: `node compress.mjs <folder>`.
 * Browsers ask for Brotli only over HTTPS or on localhost, so both are made.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const WORTH_IT = /\.(?:js|css|html|svg|json|wasm|txt)$/;
const SMALLEST_BYTES = 1024;

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

async function compress(path) {
  const content = await readFile(path);
  if (content.length < SMALLEST_BYTES) return;
  const quality = content.length > 1_000_000 ? 5 : 9;
  const [br, gz] = await Promise.all([
    brotli(content, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: quality,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
    deflate(content, { level: 6 }),
  ]);
  await writeFile(`${path}.br`, br);
  await writeFile(`${path}.gz`, gz);
}

const entries = await readdir(process.argv[2], { recursive: true, withFileTypes: true });
await Promise.all(
  entries
    .filter(entry => entry.isFile() && WORTH_IT.test(entry.name))
    .map(entry => compress(join(entry.parentPath, entry.name))),
);
