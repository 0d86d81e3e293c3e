// Taking an answer away: what is copied and printed, and that question and note stay here unless they were searched and asked for.

import { fileURLToPath } from 'node:url';

import { check, equal, QUESTION } from '../bench.mjs';
import { paleText, smallTargets, tooWide } from './look.mjs';

const ASKED = 'Can Mrs Brackwell have treatment for dry mouth?';
const NOTE = 'Patient: Mrs Edith Brackwell, born 12/03/1948.\nTel. 020 7946 0958. Takes warfarin, INR 2.8.';
/** What must not leave the page by itself. */
const IDENTIFIERS = ['Brackwell', 'Edith', '1948', '7946'];

/** An answered question with a note; the clipboard can be read. */
async function answered(chairside, question = ASKED, note = NOTE) {
  await chairside.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(chairside.baseUrl).origin });
  await chairside.open();
  await chairside.ready();
  if (note) {
    await chairside.page.locator('.ask__note summary').click();
    await chairside.at('note').fill(note);
  }
  await chairside.ask(question);
  await chairside.answered();
}

/** Presses Copy and returns what the clipboard holds. */
async function copied(chairside) {
  await chairside.page.evaluate(() => navigator.clipboard.writeText(''));
  await chairside.at('take-copy').click();
  await chairside.page.waitForFunction(() => /Copied/.test(document.querySelector('[data-testid="take-told"]').textContent));
  return chairside.page.evaluate(() => navigator.clipboard.readText());
}

/** What would be on paper. */
async function onPaper(chairside) {
  await chairside.page.emulateMedia({ media: 'print' });
  const text = await chairside.page.evaluate(() => document.body.innerText);
  await chairside.page.emulateMedia({ media: 'screen' });
  return text;
}

async function included(chairside) {
  await chairside.at('take-include').check();
  await chairside.at('take-text').waitFor();
}

const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

/** What a button saves as a file: its name and text. */
async function saved(chairside, button) {
  const [download] = await Promise.all([chairside.page.waitForEvent('download'), chairside.at(button).click()]);
  const parts = [];
  for await (const part of await download.createReadStream()) parts.push(part);
  return { name: download.suggestedFilename(), text: Buffer.concat(parts).toString() };
}

export const tests = {
  'an answer is saved as Markdown and as JSON, without question and note, after the page is sealed': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.at('note').evaluate((box) => (box.value = 'Zanzibarcanary takes warfarin.'));
    await chairside.ask(QUESTION);
    await chairside.answered();
    await chairside.page.waitForFunction(() => document.querySelector('[data-testid="device-short"]')?.textContent.includes('sealed'));
    const markdown = await saved(chairside, 'take-save');
    check(/^chairside-\d{4}-\d\d-\d\d\.md$/.test(markdown.name), markdown.name);
    check(markdown.text.startsWith('# MambaFormer Chairside\n') && markdown.text.includes('\n## Sources\n'), markdown.text);
    check(/Checked against the sources by: _+/.test(markdown.text), 'no line to sign');
    const json = await saved(chairside, 'take-json');
    const read = JSON.parse(json.text);
    check(json.name.endsWith('.json') && read.sentences.length > 0 && read.sources.length > 0, json.text);
    check(/^[0-9a-f]{64}$/.test(read.knowledgeBase.sha256) && read.model.name === 'chairside', json.text);
    check(!`${markdown.text}${json.text}`.includes('Zanzibarcanary'), 'what was typed is in what was saved');
    equal(chairside.complaints, [], 'complaints');
  },

  'an answer is copied with sources, versions and date, and without question and note': async (chairside) => {
    await answered(chairside, QUESTION);
    equal(await chairside.at('take-include').isChecked(), false, 'the box at first');
    const text = await copied(chairside);
    const sentences = await chairside.page.locator('.sentence__text').allInnerTexts();
    check(sentences.length > 0, 'no answer');
    const fromNote = (sentence) => NOTE.replaceAll('\n', ' ').includes(sentence.trim());
    for (const sentence of sentences) check(fromNote(sentence) || text.includes(sentence.trim()), `not copied: ${sentence}`);
    for (const words of [/^MambaFormer Chairside\nAnswer of \d{4}-\d\d-\d\d\n/, /\nAnswer\n/, / \[\d+\]/, /\nSources\n\[\d+\] /, /\nModel: \S+ \S+/, /Knowledge base \S+: /, /Not yet reviewed by a clinician/]) {
      check(words.test(text), `${words} is not in:\n${text}`);
    }
    for (const word of [...IDENTIFIERS, QUESTION, 'warfarin, INR 2.8', 'Question']) check(!text.includes(word), `${word} was copied:\n${text}`);
    equal(chairside.complaints, [], 'complaints');
  },

  'what is printed is what is copied, and nothing else of the page': async (chairside) => {
    await answered(chairside);
    const [paper, text] = [await onPaper(chairside), await copied(chairside)];
    equal(lines(paper), lines(text), 'the printed lines');
    for (const word of IDENTIFIERS) check(!paper.includes(word), `${word} is on paper`);
    await chairside.page.evaluate(() => (window.print = () => (window.printed = (window.printed ?? 0) + 1)));
    await chairside.at('take-print').click();
    equal(await chairside.page.evaluate(() => window.printed), 1, 'calls of the printer');
    for (const format of ['A4', 'Letter']) {
      const path = fileURLToPath(new URL(`../output/answer-${format}.pdf`, import.meta.url));
      const pdf = await chairside.page.pdf({ format, path });
      check(pdf.length > 1_000, `${format}: ${pdf.length} bytes`);
    }
  },

  'before there is an answer nothing that was typed is printed': async (chairside) => {
    await chairside.open();
    await chairside.searchable();
    await chairside.at('question').fill(ASKED);
    const paper = await onPaper(chairside);
    for (const word of IDENTIFIERS) check(!paper.includes(word), `${word} is on paper`);
    check(!/Take this answer|Calculat/.test(paper), `controls are on paper: ${paper}`);
  },

  'question and note go along only searched, marked and replaced': async (chairside) => {
    await answered(chairside);
    const before = chairside.requests.length;
    await included(chairside);
    const marked = chairside.at('take-marked');
    const marks = await marked.locator('mark').allInnerTexts();
    check(marks.length >= 4 && marks.every((mark) => /^\[[A-Z_]+ \d+\]$/.test(mark)), `marks ${marks}`);
    check(marks.filter((mark) => mark === '[NAME 1]').length >= 1, `marks ${marks}`);
    check((await marked.locator('mark').first().getAttribute('title')).length > 2, 'a mark does not say what it stands for');
    check(/can miss some/.test(await chairside.at('take-notice').innerText()), 'the sentence on the limits of the search');
    await chairside.at('language').selectOption('de');
    check(/kann welche übersehen/.test(await chairside.at('take-notice').innerText()), 'the same sentence in German');
    check((await marked.locator('mark').evaluateAll((all) => all.map((mark) => mark.title))).includes('Datum oder Alter über 89'), 'a mark does not say in German what it stands for');
    await chairside.at('language').selectOption('en');
    const text = await copied(chairside);
    check(/\nQuestion\n/.test(text) && /\nNote\n/.test(text) && /INR 2\.8/.test(text), `question and note are missing:\n${text}`);
    for (const word of IDENTIFIERS) check(!text.includes(word), `${word} was copied:\n${text}`);
    equal(lines(await onPaper(chairside)), lines(text), 'the printed lines');
    await chairside.screenshot('take-away');
    equal(chairside.requests.slice(before), [], 'requests of the search');
    equal(chairside.complaints, [], 'complaints');
  },

  'the preview can be changed, and what is changed is copied and printed': async (chairside) => {
    await answered(chairside);
    await included(chairside);
    const box = chairside.at('take-text');
    await box.fill('Only this line <b>and no markup</b>.');
    equal(await copied(chairside), 'Only this line <b>and no markup</b>.', 'the clipboard');
    equal((await onPaper(chairside)).trim(), 'Only this line <b>and no markup</b>.', 'the paper');
    await chairside.at('take-include').uncheck();
    equal(await box.count(), 0, 'previews');
    const text = await copied(chairside);
    check(/\nAnswer\n/.test(text) && !/Only this line/.test(text), text);
    await included(chairside);
    check(!/Only this line/.test(await box.inputValue()), 'an old change came back');
  },

  'another question takes nothing of the one before along': async (chairside) => {
    await answered(chairside);
    await included(chairside);
    await chairside.page.locator('.ask__note textarea').fill('');
    await chairside.ask('What are the treatments for dry mouth?');
    await chairside.page.waitForFunction(() => !document.querySelector('[data-testid="take-include"]')?.checked);
    await chairside.answered();
    equal(await chairside.at('take-text').count(), 0, 'previews');
    const text = await copied(chairside);
    for (const word of IDENTIFIERS) check(!text.includes(word), `${word} was copied:\n${text}`);
  },

  'where the browser does not let a page copy, the text can be selected': async (chairside) => {
    await chairside.open();
    await chairside.page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }));
    await chairside.ready();
    await chairside.ask(QUESTION);
    await chairside.answered();
    await chairside.at('take-copy').click();
    await chairside.at('take-plain').waitFor();
    check(/did not allow copying/.test(await chairside.at('take-told').innerText()), 'not said');
    check(/\nSources\n/.test(await chairside.at('take-plain').inputValue()), 'the text');
    equal(chairside.complaints, [], 'complaints');
  },

  'odd texts come through the search as they are': async (chairside) => {
    const note = '🦷 \u202eמטופל\u202c <img src=x onerror=alert(1)> & "quotes" \\ back';
    await answered(chairside, QUESTION, note);
    await included(chairside);
    const shown = await chairside.at('take-marked').innerText();
    check(shown.includes('<img src=x onerror=alert(1)> & "quotes"') && shown.includes('🦷'), shown);
    equal(await chairside.page.locator('.take-away img').count(), 0, 'images');
    equal(chairside.complaints, [], 'complaints');
  },

  ...Object.fromEntries(
    ['light', 'dark'].map((scheme) => [
      `the preview is legible, large enough and fits 320 px: ${scheme}`,
      async (chairside) => {
        await answered(chairside);
        await chairside.page.emulateMedia({ colorScheme: scheme });
        await included(chairside);
        for (const width of [1280, 320]) {
          await chairside.page.setViewportSize({ width, height: 900 });
          equal(await chairside.page.evaluate(tooWide), [], `at ${width} px`);
          equal(await chairside.page.evaluate(paleText), [], 'text with too little contrast');
          equal(await chairside.page.evaluate(smallTargets), [], 'targets that are too small');
          await chairside.screenshot(`take-away-${scheme}-${width}`);
        }
      },
    ]),
  ),
};
