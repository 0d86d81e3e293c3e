// Questions nobody expects. Each is refused in words or ends in a defined state; the box keeps what was typed.

import { check, equal, QUESTION } from '../bench.mjs';

const codes = (text) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));

/** `[what, question, expected kind]` */
const REFUSED = [
  ['an empty question', '', 'emptyQuestion'],
  ['a blank question', ' \n\t\u00a0 ', 'emptyQuestion'],
  ['2,001 characters', 'a'.repeat(2001), 'questionTooLong'],
  ['100,000 characters', 'caries '.repeat(14_286).slice(0, 100_000), 'questionTooLong'],
  ['a NUL', 'dry\u0000mouth?', 'nulCharacter'],
  ['a lone surrogate', 'dry \ud83e mouth?', 'illFormedText'],
  ['surrogates the wrong way round', '\uddb7\ud83e', 'illFormedText'],
];

const ANSWERED = [
  ['emoji', '🦷🦷 dry mouth? 👩🏽‍⚕️'],
  ['right-to-left text', 'מה גורם ליובש בפה? \u202e dry mouth \u202c'],
  ['Arabic', 'ما علاج جفاف الفم؟'],
  ['unknown words', 'qwzx vlkjh ptrf?'],
  ['one letter', 'a'],
  ['only punctuation', '?!…—'],
  ['combining marks', `Z${'\u0301'.repeat(300)}`],
  ['markup', '<img src=x onerror=alert(1)> <script>document.title="x"</script> dry mouth?'],
  ['2,000 characters of four bytes', '🦷'.repeat(2000)],
];

export const tests = {
  ...Object.fromEntries(
    REFUSED.map(([what, question, kind]) => [
      `refused in words: ${what}`,
      async (chairside) => {
        await chairside.open();
        await chairside.ready();
        await chairside.setUnits('question', codes(question));
        await chairside.at('ask').click();
        const error = await chairside.error();
        equal(error.kind, kind, 'kind');
        check(error.text.length > 20, `the message says nothing: ${error.text}`);
        equal(await chairside.units('question'), codes(question), 'the box');
        equal(await chairside.at('start-again').count(), 0, 'start-again buttons');
        equal(await chairside.at('question').getAttribute('aria-invalid'), 'true', 'aria-invalid');
        equal(chairside.complaints, [], 'complaints');
        if (kind === 'questionTooLong') await chairside.screenshot('refused');
        // The page goes on.
        await chairside.ask(QUESTION);
        await chairside.answered();
        equal(await chairside.at('error').count(), 0, 'messages after a good question');
      },
    ]),
  ),

  ...Object.fromEntries(
    ANSWERED.map(([what, question]) => [
      `ends in a defined state: ${what}`,
      async (chairside) => {
        await chairside.open();
        await chairside.ready();
        await chairside.setUnits('question', codes(question));
        await chairside.at('ask').click();
        const outcome = await Promise.race([
          chairside.answered(),
          chairside.error().then((error) => `error ${error.kind}: ${error.text}`),
        ]);
        check(
          ['supported', 'partly_covered', 'not_covered', 'emergency_first'].includes(outcome) ||
            outcome.startsWith('error promptTooLong'),
          outcome,
        );
        equal(await chairside.units('question'), codes(question), 'the box');
        equal(await chairside.page.title(), 'MambaFormer Chairside', 'title');
        equal(chairside.complaints, [], 'complaints');
      },
    ]),
  ),

  'a refused question leaves the answer before it on screen': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.ask(QUESTION);
    await chairside.answered();
    const answer = await chairside.at('answer').innerText();
    await chairside.at('question').fill('   ');
    await chairside.at('ask').click();
    equal((await chairside.error()).kind, 'emptyQuestion', 'kind');
    equal(await chairside.at('answer').innerText(), answer, 'the answer');
  },

  'a note over 20,000 characters is refused and kept': async (chairside) => {
    await chairside.open();
    await chairside.ready();
    await chairside.page.locator('.ask__note summary').click();
    const note = 'long note '.repeat(2_001);
    await chairside.at('note').fill(note);
    await chairside.ask(QUESTION);
    equal((await chairside.error()).kind, 'noteTooLong', 'kind');
    equal((await chairside.at('note').inputValue()).length, note.length, 'the note');
    equal(await chairside.at('question').inputValue(), QUESTION, 'the question');
  },
};
