/**
 * Makes the diagnostic viewer out of the pinned archive: `node patch.mjs <dist> <out>`.
 *
 * Everything the viewer would fetch from elsewhere goes away or points at this house, its inline
 * scripts become files, and nothing in it compiles text at run time, so that it runs offline under
 * a policy of `script-src 'self' 'wasm-unsafe-eval'`. Every replacement must find what it replaces;
 * otherwise the build stops, because a pinned bundle that changed must be looked at again.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { rewriteEmbind } from './embind.mjs';
import { rewriteNdarray } from './ndarray.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Of the patches themselves: other patches give another path, so browsers may keep files for good. */
const BUILD = await fingerprint();
const PUBLIC_PATH = `/viewer/${BUILD}/`;


/** Not shipped: segmentation models, source maps, other people's sign-in, service workers. */
const DROPPED = [
  /^ort\//,
  /^customizations\//,
  /\.map$/,
  /^(?:sw|init-service-worker|google|oidc-client\.min|es6-shim\.min|polyfill\.min|app-config)\.js$/,
  /^(?:index|silent-refresh)\.html$/,
  /^(?:manifest|serve)\.json$/,
  /^_(?:headers|redirects)$/,
  /^assets\/(?:apple-touch|android-chrome|firefox_app|mstile|coast|favicon|browserconfig|yandex)/,
];

/** File pattern, how often it must be found over all files, text, text instead of it. */
const REPLACED = [
  {
    why: 'bundles and wasm are loaded from the public path',
    from: '__webpack_require__.p = "/";',
    to: `__webpack_require__.p = "${PUBLIC_PATH}";`,
    times: 8,
  },
  {
    why: 'the microscopy viewer is a file of its own',
    from: "'/dicom-microscopy-viewer/",
    to: `'${PUBLIC_PATH}dicom-microscopy-viewer/`,
    times: 1,
  },
  {
    why: 'contour interpolation would fetch its code from a content network',
    from: 'https://cdn.jsdelivr.net/npm/',
    to: `${PUBLIC_PATH}absent/`,
    times: 1,
  },
  {
    why: 'priors are the studies of the same patient, not of the same PatientID',
    from: `return dataSource.query.studies.search({
    patientId: mrn,
    disableWildcard: true
  });`,
    to: `return dataSource.query.studies.search({
    studyInstanceUid: await window.vesaliusStudiesOfSamePatient(qidoForStudyUID[0].studyInstanceUid),
    disableWildcard: true
  });`,
    times: 1,
  },
  {
    why: 'documents open in a frame; the policy allows no plugin',
    from: `react.createElement("object", {
    data: url,
    type: "application/pdf",
    className: style
  }`,
    to: `react.createElement("iframe", {
    src: url,
    title: "PDF",
    className: style
  }`,
    times: 1,
  },
];

async function fingerprint() {
  const digest = createHash('sha256');
  for (const name of (await readdir(HERE)).sort()) digest.update(await readFile(join(HERE, name)));
  return digest.digest('hex').slice(0, 16);
}

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

function replaceAll(source, counts) {
  return REPLACED.reduce((text, { why, from, to }) => {
    const pieces = text.split(from);
    counts.set(why, (counts.get(why) ?? 0) + pieces.length - 1);
    return pieces.join(to);
  }, source);
}

function assertAllFound(counts) {
  for (const { why, times } of REPLACED) {
    if (counts.get(why) !== times) {
      throw new Error(`"${why}" was found ${counts.get(why)} times in the bundle, not ${times}`);
    }
  }
}

/** White space and comments go; names stay, since the viewer registers things by class name. */
async function withoutWhitespace(source, loader) {
  const { code } = await transform(source, {
    loader,
    minifyWhitespace: true,
    legalComments: 'none',
    target: 'es2022',
  });
  return code;
}

/** The licences of what is inside, gathered once instead of in every bundle. */
function licencesIn(source) {
  return source.match(/\/\*!(?:(?!\*\/)[\s\S]){20,4000}\*\//g) ?? [];
}

async function main(from, out) {
  await rm(out, { recursive: true, force: true });
  const counts = new Map();
  const licences = new Set();
  let ndarrays = 0;
  const kept = (await filesBelow(from)).filter(name => !DROPPED.some(pattern => pattern.test(name)));

  await Promise.all(
    kept.map(async name => {
      const target = join(out, BUILD, name);
      await mkdir(dirname(target), { recursive: true });
      if (!/\.(?:js|css)$/.test(name)) return copyFile(join(from, name), target);
      const source = await readFile(join(from, name), 'utf8');
      if (name.endsWith('.css')) {
        const moved = source.replaceAll('url(/', `url(${PUBLIC_PATH}`);
        return writeFile(target, await withoutWhitespace(moved, 'css'));
      }
      for (const licence of licencesIn(source)) licences.add(licence);
      const { source: patched, times } = rewriteNdarray(rewriteEmbind(replaceAll(source, counts), name));
      ndarrays += times;
      const already = /\.min\.js$/.test(name);
      return writeFile(target, already ? patched : await withoutWhitespace(patched, 'js'));
    }),
  );
  assertAllFound(counts);
  if (ndarrays === 0) throw new Error('ndarray was not found; does it still compile its views?');

  const app = kept.find(name => /^app\.bundle\.[0-9a-f]+\.js$/.test(name));
  const page = await readFile(join(HERE, 'index.html'), 'utf8');
  await writeFile(
    join(out, 'index.html'),
    page.replaceAll('{{path}}', PUBLIC_PATH).replace('{{app.js}}', app),
  );
  for (const own of ['app-config.js', 'boot.js', 'vesalius.css']) {
    await copyFile(join(HERE, own), join(out, BUILD, own));
  }
  await writeFile(join(out, 'LICENCES.txt'), [...licences].sort().join('\n\n'));
}

await main(process.argv[2], process.argv[3]);
