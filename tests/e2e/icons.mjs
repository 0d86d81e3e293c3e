// Draws public/icon.svg as PNG, for the systems that take no SVG:  node icons.mjs. Its results are checked in; run it when the icon changes.

import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const PUBLIC = new URL('../../public/', import.meta.url);
/** iOS' home screen, and the two sizes that installing asks for. */
const SIZES = [180, 192, 512];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage();
const svg = await readFile(new URL('icon.svg', PUBLIC), 'utf8');
for (const size of SIZES) {
  await page.setViewportSize({ width: size, height: size });
  // iOS rounds the corners itself and paints what is transparent black: the ground is the icon's own.
  await page.setContent(`<style>body{margin:0;background:#0a4744}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await writeFile(new URL(`icon-${size}.png`, PUBLIC), await page.screenshot());
}
await browser.close();
