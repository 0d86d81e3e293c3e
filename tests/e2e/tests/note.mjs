// What is brought to a question: a file as a note, the question before, and what abbreviations stand for.

import { check, equal, QUESTION } from '../bench.mjs';

const file = (name, bytes) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(bytes) });
const NOTE = 'Warfarin, INR 2,5.\nZähne 46 und 47.';

/** Opens the note and returns what the page says of a file that is chosen. */
async function choose(chairside, chosen) {
  await chairside.at('note-file').setInputFiles(chosen);
  await chairside.page.waitForFunction((name) => document.querySelector('[data-testid="note-file-told"]').textContent.includes(name), chosen.name);
  return chairside.at('note-file-told').innerText();
}

export const tests = {
  'a text file becomes the note, in the encodings that are met': async (chairside) => {
    await chairside.open();
    await chairside.page.locator('.ask__note > summary').click();
    for (const [name, bytes] of [
      ['utf-8.txt', NOTE],
      ['utf-8-mark.txt', `\ufeff${NOTE}`],
      ['utf-16.txt', Buffer.from(`\ufeff${NOTE}`, 'utf16le')],
      ['windows.txt', Buffer.from(NOTE.replaceAll('\n', '\r\n'), 'latin1')],
    ]) {
      await chairside.at('note').fill('');
      check(/was added/.test(await choose(chairside, file(name, bytes))), name);
      equal(await chairside.at('note').inputValue(), NOTE, name);
    }
    await choose(chairside, file('second.txt', 'Penicillin allergy.'));
    equal(await chairside.at('note').inputValue(), `${NOTE}\n\nPenicillin allergy.`, 'what was there before stays');
    equal(chairside.complaints, [], 'complaints');
  },

  'a file that is no text, or too long, is refused in words': async (chairside) => {
    await chairside.open();
    await chairside.page.locator('.ask__note > summary').click();
    await chairside.at('note').fill('typed');
    const png = file('photo.png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]);
    check(/no plain text/.test(await choose(chairside, png)), 'an image');
    check(/200,000 bytes; a note holds at most 20,000 characters/.test(await choose(chairside, file('long.txt', 'x'.repeat(200_000)))), 'a long file');
    equal(await chairside.at('note').inputValue(), 'typed', 'the note');
  },

  'a dropped file is read here and does not replace the page': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.page.locator('.ask__note > summary').click();
    const url = chairside.page.url();
    await chairside.at('note').evaluate((note, text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], 'dropped.txt', { type: 'text/plain' }));
      const over = new DragEvent('dragover', { bubbles: true, cancelable: true, dataTransfer: data });
      const drop = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data });
      note.dispatchEvent(over);
      note.dispatchEvent(drop);
      window.taken = over.defaultPrevented && drop.defaultPrevented;
    }, NOTE);
    await chairside.page.waitForFunction((note) => document.querySelector('[data-testid="note"]').value === note, NOTE);
    check(await chairside.page.evaluate(() => window.taken), 'the browser would open the file');
    equal(chairside.page.url(), url, 'the page');
    await chairside.screenshot('note-file');
    await chairside.ask(QUESTION);
    await chairside.answered();
    equal(chairside.complaints, [], 'complaints');
  },

  'a follow-up is read together with the question before, once': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    equal(await chairside.at('follow-up').count(), 0, 'before any answer');
    await chairside.answerTo('amoxicillin dose for an adult with a dental abscess, UK');
    check(/amoxicillin/i.test(await chairside.page.locator('.doses__table tbody tr').first().innerText()), 'the first dose');
    await chairside.at('follow-up').check();
    await chairside.answerTo('and for a child of 20 kg?');
    equal(await chairside.at('follows').innerText(), 'Follow-up to: amoxicillin dose for an adult with a dental abscess, UK', 'what it follows');
    const row = await chairside.page.locator('.doses__table tbody tr').first().innerText();
    check(/amoxicillin/i.test(row) && /child/i.test(row), row);
    await chairside.screenshot('follow-up');
    check(!(await chairside.at('follow-up').isChecked()), 'the choice holds for one question');
    await chairside.answerTo('What are the treatments for dry mouth?');
    equal(await chairside.at('follows').innerText(), '', 'the next question stands alone');
    equal(await chairside.page.locator('.doses__table').count(), 0, 'doses of the question before');
  },

  'an abbreviation is explained to pointer and keyboard, and Esc takes it away': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.ask('What is MRONJ and how is it staged?');
    await chairside.answered();
    const first = chairside.page.locator('.passage [data-testid="abbreviation"]').filter({ hasText: 'MRONJ' }).first();
    const meaning = first.locator('[role="tooltip"]');
    equal(await meaning.isVisible(), false, 'before');
    await first.hover();
    equal(await meaning.innerText(), 'medication-related osteonecrosis of the jaw', 'on hover');
    const covered = await meaning.evaluate((node) => {
      const box = node.getBoundingClientRect();
      return [[box.left + 4, box.top + 4], [box.right - 4, box.bottom - 4]].some(([x, y]) => !node.contains(document.elementFromPoint(x, y)));
    });
    check(!covered, 'the passage cuts what is explained in it');
    await meaning.hover();
    equal(await meaning.isVisible(), true, 'pointed at itself');
    await chairside.page.keyboard.press('Escape');
    equal(await meaning.isVisible(), false, 'after Esc, still pointed at');
    await chairside.page.mouse.move(0, 0);
    await first.hover();
    equal(await meaning.isVisible(), true, 'pointed at again');
    await chairside.page.mouse.move(0, 0);
    await first.focus();
    equal(await meaning.isVisible(), true, 'on focus');
    await chairside.screenshot('abbreviation');
    await chairside.page.keyboard.press('Escape');
    equal(await meaning.isVisible(), false, 'after Esc');
  },
};
