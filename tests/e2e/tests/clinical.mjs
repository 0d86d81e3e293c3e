// Red flags, doses, and questions that are not covered.

import { check, equal } from '../bench.mjs';

const ALARM = 'Patient has stridor and her tongue and throat are swelling after amoxicillin. What now?';
const ABOUT = 'What are the signs of anaphylaxis?';
const DOSE = 'amoxicillin dose for an adult with penicillin allergy, UK';
const ELSEWHERE = 'How do I change the oil filter of my car?';

/** Notes in the page when alarm, sources and answer appeared, and how often an alarm was put into the region. */
async function watch(chairside) {
  await chairside.page.evaluate(() => {
    window.seen = { alarms: 0 };
    const region = document.querySelector('[data-testid="emergency"]');
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const node of addedNodes) if (node.matches?.('.alarm')) window.seen.alarms += 1;
      }
    }).observe(region, { childList: true });
    const look = () => {
      if (document.querySelector('.alarm')) window.seen.alarm ??= performance.now();
      if (document.querySelector('[data-testid="evidence"] li')) window.seen.evidence ??= performance.now();
      if (document.querySelector('[data-testid="answer"]')?.textContent.trim()) window.seen.text ??= performance.now();
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

export const tests = {
  'a red flag stands above everything at once, is announced once and blocks nothing': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    equal(await chairside.at('emergency').getAttribute('role'), 'alert', 'role before there is an alarm');
    await watch(chairside);
    await chairside.ask(ALARM);
    equal(await chairside.answered(), 'emergency_first', 'state');
    const seen = await chairside.page.evaluate(() => window.seen);
    check(seen.alarm <= seen.evidence, `alarm at ${seen.alarm} ms, sources at ${seen.evidence} ms`);
    const alarms = chairside.page.locator('.alarm');
    equal(seen.alarms, await alarms.count(), 'alarms announced');
    const first = await alarms.first().innerText();
    check(/act now/i.test(first) && /Guideline: /.test(first) && /Because you wrote: “/.test(first), first);
    equal(await alarms.first().locator('svg').count(), 1, 'shapes');
    check((await chairside.page.locator('[data-testid="evidence"] li').count()) > 0, 'the alarm hides the sources');
    const [alarm, answer] = await Promise.all([alarms.first().boundingBox(), chairside.page.locator('.answer').boundingBox()]);
    check(alarm.y + alarm.height <= answer.y, 'the alarm is not above the answer');
    await chairside.screenshot('emergency');
    equal(chairside.complaints, [], 'complaints');
  },

  'a danger that is only asked about is a quiet box': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.ask(ABOUT);
    check((await chairside.answered()) !== 'emergency_first', 'an alarm for a textbook question');
    equal(await chairside.page.locator('.alarm').count(), 0, 'alarms');
    check((await chairside.at('emergency-note').count()) >= 1, 'no note');
    await chairside.screenshot('emergency-note');
  },

  'a dose question gets a table, its conflicts in words, and its record': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.ask(DOSE);
    await chairside.answered();
    const table = chairside.page.locator('.doses__table');
    equal(await table.locator('caption').count(), 1, 'captions');
    check(/amoxicillin/i.test(await table.locator('th[scope="row"]').first().innerText()), 'the row is of another drug');
    check(/Not for: penicillin allergy/.test(await table.innerText()), `no conflict: ${await table.innerText()}`);
    check(/Rests on /.test(await chairside.page.locator('.doses__source').first().innerText()), 'no source');
    const citation = chairside.at('dose-citation').first();
    await citation.click();
    await chairside.page.locator('.passage--chosen .mark--chosen').first().waitFor();
    equal(await chairside.page.locator('.passage--chosen .passage__kind').innerText(), 'Record', 'kind of the source');
    await chairside.screenshot('doses');
  },

  'a weight in the question is worked out beside the record that limits it': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.ask('Maximum dose of articaine for a 20 kg child in the UK?');
    await chairside.answered();
    const worked = await chairside.at('dose-worked').first().innerText();
    equal(worked, 'For 20 kg, healthy and with none given before: at most 2 cartridges (136 mg), limited by articaine by body weight: 7 mg/kg come to 140 mg.', 'the maximum');
    await chairside.screenshot('dose-worked');
  },

  'a dose table on a narrow screen is a stack of cards and still a table to a screen reader': async (chairside) => {
    await chairside.open();
    await chairside.page.setViewportSize({ width: 320, height: 640 });
    await chairside.ready();
    await chairside.ask(DOSE);
    await chairside.answered();
    const cells = chairside.page.locator('.doses__record').first().locator('tr').first().locator('th, td:visible');
    const boxes = await cells.evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect()).map(({ x, y }) => [x, y]));
    check(boxes.length >= 3, `${boxes.length} cells`);
    equal(new Set(boxes.map(([x]) => Math.round(x))).size, 1, 'columns of the stacked cells');
    check(boxes.every(([, y], i) => i === 0 || y > boxes[i - 1][1]), 'the cells are not one below the other');
    equal(await chairside.page.evaluate(() => document.documentElement.scrollWidth), 320, 'width of the page');
    check((await chairside.page.getByRole('table').getByRole('columnheader').count()) >= 3, 'no columns for a screen reader');
    await chairside.screenshot('doses-320');
  },

  'what is not covered offers topics that can be asked about': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.ask(ELSEWHERE);
    equal(await chairside.answered(), 'not_covered', 'state');
    const topic = chairside.at('topic').first();
    const title = (await topic.innerText()).trim();
    await chairside.screenshot('not-covered');
    await topic.click();
    await chairside.page.waitForFunction((title) => document.querySelector('.answer__question')?.textContent === title, title);
    await chairside.answered();
    equal(await chairside.at('question').inputValue(), ELSEWHERE, 'the box');
    equal(await chairside.page.evaluate(() => document.activeElement.id), 'answer-heading', 'the focus');
  },

  'the foot names the knowledge base and that nobody has reviewed it': async (chairside) => {
    await chairside.open();
    await chairside.searchable();
    const foot = await chairside.at('library-version').innerText();
    for (const words of [/Knowledge base \S+: [\d,]+ passages, [\d,]+ records/, /CC BY 4\.0/, /Not yet reviewed by a clinician/]) {
      check(words.test(foot), `${words} is not in: ${foot}`);
    }
  },
};
