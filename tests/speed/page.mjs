// What both measurements share: a browser with an empty page of the site, and how figures are told.

import os from 'node:os';
import { chromium } from 'playwright-core';

/** Options of the command line: `known` maps `--name` to what takes its value. */
export function options(known) {
  const args = process.argv.slice(2);
  for (let i = 0; i < args.length; i += 2) {
    const take = known[args[i]];
    if (!take || args[i + 1] === undefined) throw new Error(`unknown option or no value: ${args[i]}; known are ${Object.keys(known).join(', ')}`);
    take(args[i + 1]);
  }
}

/** Runs `measure` in an empty page of the site and returns what it returns, and a line about the machine. */
export async function inPage(baseUrl, measure, argument) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error.message));
    await page.route('**/speed.html', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>speed</title><link rel="icon" href="data:,">' }));
    await page.goto(new URL('speed.html', baseUrl).href);
    return { machine: `Chromium ${browser.version()}, ${os.cpus()[0].model}`, found: await page.evaluate(measure, argument) };
  } finally {
    await browser.close();
  }
}

export const at = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
/** Median and range. */
export const range = (values, digits = 0) => `${at(values, 0.5).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
/** Median and 95th percentile. */
export const tail = (values, digits = 0) => (values.length === 0 ? '–' : `p50 ${at(values, 0.5).toFixed(digits)}, p95 ${at(values, 0.95).toFixed(digits)}`);
