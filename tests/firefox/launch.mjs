// An installed Firefox, headless, driven by WebDriver BiDi: FIREFOX or /usr/bin/firefox-esr. Playwright drives a Firefox of its own only.

import puppeteer from 'puppeteer-core';

export function launch() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    // A measurement takes minutes.
    protocolTimeout: 0,
    extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'dom.webgpu.workers.enabled': true, 'gfx.webgpu.ignore-blocklist': true, 'dom.max_script_run_time': 0 },
  });
}
