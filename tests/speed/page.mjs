// What the measurements share: a browser with an empty page of the site, and how figures are told. The browser is CHROMIUM, or FIREFOX where that is given.

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

const EMPTY = '<!doctype html><title>speed</title><link rel="icon" href="data:,">';

async function chromiumPage(baseUrl) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-unsafe-webgpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const page = await browser.newPage();
  await page.route('**/speed.html', (route) => route.fulfill({ contentType: 'text/html', body: EMPTY }));
  await page.goto(new URL('speed.html', baseUrl).href);
  return { browser, page, name: `Chromium ${browser.version()}` };
}

async function firefoxPage(baseUrl) {
  // Its driver is installed for those who measure there only.
  const { launch } = await import('../firefox/launch.mjs');
  const browser = await launch();
  const page = await browser.newPage();
  await page.setRequestInterception(true);
  page.on('request', (request) => (request.url().endsWith('/speed.html') ? request.respond({ contentType: 'text/html', body: EMPTY }) : request.continue()));
  await page.goto(new URL('speed.html', baseUrl).href);
  return { browser, page, name: (await browser.version()).replace('firefox/', 'Firefox ') };
}

/** Runs `measure` in an empty page of the site and returns what it returns, and a line about the machine. */
export async function inPage(baseUrl, measure, argument) {
  const { browser, page, name } = await (process.env.FIREFOX ? firefoxPage : chromiumPage)(baseUrl);
  page.on('pageerror', (error) => console.error(error.message));
  try {
    return { machine: `${name}, ${os.cpus()[0].model}`, found: await page.evaluate(measure, argument) };
  } finally {
    await browser.close();
  }
}

export const at = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
/** Median and range. */
export const range = (values, digits = 0) => `${at(values, 0.5).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
/** Median and 95th percentile. */
export const tail = (values, digits = 0) => (values.length === 0 ? '–' : `p50 ${at(values, 0.5).toFixed(digits)}, p95 ${at(values, 0.95).toFixed(digits)}`);
