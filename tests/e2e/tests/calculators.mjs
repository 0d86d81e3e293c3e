// The calculators: local anaesthetic and children's doses, with and without the model, and what they refuse.

import { check, equal, QUESTION } from '../bench.mjs';
import { paleText, smallTargets, tooWide } from './look.mjs';

const US_LIDOCAINE = 'lidocaine 2 % with adrenaline (epinephrine) 1:100,000, 1.8 mL';
const PLAIN_LIDOCAINE = 'lidocaine 2 % without vasoconstrictor, 1.8 mL';

/** Opens the page and the calculators; their records are there, the model need not be. */
async function opened(chairside) {
  await chairside.open();
  await chairside.searchable();
  await chairside.at('calculators-link').click();
  await chairside.page.locator('#maximum-product option').first().waitFor({ state: 'attached' });
  return chairside;
}

/** Fills fields by their handles: texts are typed, lists chosen by value, `true` ticks. */
async function fill(chairside, entries) {
  for (const [handle, value] of Object.entries(entries)) {
    const field = chairside.at(handle).first();
    if (value === true) await field.check();
    else if ((await field.evaluate((node) => node.tagName)) === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
  }
}

/** What the calculator says, once it says something. */
async function told(chairside, calculator) {
  const region = chairside.at(`${calculator}-told`);
  await region.locator(':scope > *').first().waitFor();
  return region.innerText();
}

async function maximum(chairside, entries) {
  await fill(chairside, entries);
  await chairside.at('maximum-calculate').click();
  return told(chairside, 'maximum');
}

async function dose(chairside, entries) {
  await fill(chairside, entries);
  await chairside.at('dose-calculate').click();
  return told(chairside, 'dose');
}

const VECTOR = { 'maximum-product': US_LIDOCAINE, 'maximum-weight': '150', 'maximum-weight-unit': 'lb' };
const CHILD = { 'dose-drug': 'amoxicillin', 'dose-weight': '20', 'dose-age': '6' };

/** `[what, calculator, entries, words of the refusal, the field that is marked]` */
const REFUSED = [
  ['no weight', 'maximum', { 'maximum-weight': '' }, /the body weight is missing; weigh the patient/i, 'maximum-weight'],
  ['a weight of nothing', 'maximum', { 'maximum-weight': '0' }, /is no body weight/, 'maximum-weight'],
  ['a weight below zero', 'maximum', { 'maximum-weight': '-70' }, /below zero/, 'maximum-weight'],
  ['an absurd weight', 'maximum', { 'maximum-weight': '7000' }, /outside 2 to 300 kg/, 'maximum-weight'],
  ['mixed units', 'maximum', { 'maximum-weight': '150 lb' }, /`lb` and `kg` do not go together/, 'maximum-weight'],
  ['two readings of a number', 'maximum', { 'maximum-weight': '1,250' }, /more than one way/, 'maximum-weight'],
  ['words for a weight', 'maximum', { 'maximum-weight': 'seventy' }, /is no unit/, 'maximum-weight'],
  ['markup', 'maximum', { 'maximum-weight': '<img src=x onerror=alert(1)>' }, /not understood/, 'maximum-weight'],
  ['an endless number', 'maximum', { 'maximum-weight': '9'.repeat(10_000) }, /at most 40/, 'maximum-weight'],
  ['a child of thirty', 'maximum', { 'maximum-weight': '60', 'maximum-child': true, 'maximum-age': '30' }, /is an adult, not a child/, 'maximum-age'],
  ['a dose without a drug', 'dose', { 'dose-weight': '20', 'dose-age': '6' }, /choose one of the \d+ drugs/, 'dose-drug'],
  ['a dose without an age', 'dose', { 'dose-drug': 'amoxicillin', 'dose-weight': '20' }, /the age is missing/, 'dose-age'],
  ['a dose without a weight', 'dose', { 'dose-drug': 'amoxicillin', 'dose-age': '6' }, /weigh the patient/, 'dose-weight'],
  ['a strength without a unit', 'dose', { ...CHILD, 'dose-strength': '250' }, /write 250 mg\/5 mL/, 'dose-strength'],
  ['more mL than a child swallows', 'dose', { ...CHILD, 'dose-strength': '1 mg/5 mL' }, /choose another strength/, 'dose-strength'],
];

export const tests = {
  'the ready vector: 150 lb, lidocaine 2 % with 1:100,000, is 8 cartridges': async (chairside) => {
    await opened(chairside);
    await chairside.ready();
    equal(await chairside.at('maximum-product').inputValue(), PLAIN_LIDOCAINE, 'the product at first');
    const found = await maximum(chairside, VECTOR);
    for (const words of ['At most 8 cartridges', '288 mg of lidocaine', '14.4 mL', 'Limited by lidocaine by body weight']) {
      check(found.includes(words), `${words} is not in: ${found}`);
    }
    const below = await chairside.at('maximum-sheets').innerText();
    for (const words of [/Weight: 68\.03 kg/, /4\.4 mg\/kg, so 299\.37 mg/, /11\.11 cartridges of 18 mcg/, /Malamed SF/, /Medicines and Healthcare products/, /Check against/]) {
      check(words.test(below), `${words} is not in: ${below}`);
    }
    const region = chairside.at('maximum-told');
    equal([await region.getAttribute('role'), await region.getAttribute('aria-live')], ['status', 'polite'], 'the live region');
    check(/do not replace the prescriber/.test(await chairside.at('calculators').innerText()), 'the caveat is missing');
    await chairside.screenshot('calculator-maximum');
    equal(chairside.complaints, [], 'complaints');
  },

  'a cardiac patient gets the lower limit, and what was given is taken off': async (chairside) => {
    await opened(chairside);
    const cardiac = await maximum(chairside, { ...VECTOR, 'maximum-heart': true });
    check(/At most 2 cartridges/.test(cardiac) && /Limited by adrenaline/.test(cardiac), cardiac);
    await chairside.page.locator('.given summary').click();
    await fill(chairside, { 'given-product': US_LIDOCAINE, 'given-cartridges': '1' });
    await chairside.at('maximum-calculate').click();
    const left = await told(chairside, 'maximum');
    check(/At most 1 more cartridge/.test(left), left);
    await chairside.at('given-add').click();
    await chairside.at('given-product').nth(1).selectOption(US_LIDOCAINE);
    await chairside.at('given-cartridges').nth(1).fill('1.5');
    await chairside.at('maximum-calculate').click();
    const over = await told(chairside, 'maximum');
    check(/give no more vasoconstrictor/.test(over), over);
    equal(await chairside.page.locator('.told__refused').getAttribute('data-kind'), 'noResult', 'kind');
    await chairside.screenshot('calculator-exceeded');
    await chairside.at('given-remove').nth(1).click();
    equal(await chairside.at('given-cartridges').inputValue(), '1', 'the row that stays');
  },

  'a result goes as soon as an entry changes': async (chairside) => {
    await opened(chairside);
    await maximum(chairside, VECTOR);
    await chairside.at('maximum-weight').press('End');
    await chairside.at('maximum-weight').press('0');
    equal(await chairside.at('maximum-told').innerText(), '', 'the result of other entries');
    equal(await chairside.at('maximum-sheets').innerText(), '', 'the working of other entries');
    await maximum(chairside, { 'maximum-weight': '150' });
    await chairside.at('maximum-product').selectOption(PLAIN_LIDOCAINE);
    equal(await chairside.at('maximum-told').innerText(), '', 'the result of another product');
  },

  'an unusual weight is asked back and calculated once it is confirmed': async (chairside) => {
    await opened(chairside);
    const asked = await maximum(chairside, { 'maximum-weight': '70', 'maximum-weight-unit': 'lb' });
    check(/31\.8 kg \(70 lb\) is unusual for an adult/.test(asked), asked);
    await chairside.at('maximum-confirm').click();
    await chairside.page.locator('[data-testid="maximum-told"] .told__result').waitFor();
    check(/unusual and was confirmed/.test(await chairside.at('maximum-sheets').innerText()), 'no warning');
    equal(await chairside.at('maximum-confirm').count(), 0, 'questions after the answer');
  },

  'a child’s dose comes record by record, in mL and with its ceiling': async (chairside) => {
    await opened(chairside);
    const held = await dose(chairside, { ...CHILD, 'dose-strength': '250 mg/5 mL' });
    check(/records? holds? for this child/.test(held), held);
    // Of many records the working is folded, but it is there.
    const sheets = await chairside.page.locator('.sheet').allTextContents();
    const prophylaxis = sheets.find((text) => /One dose: 1,000 mg = 20 mL/.test(text));
    check(prophylaxis && /50 mg\/kg is 1,000 mg/.test(prophylaxis), `no 50 mg/kg in ${sheets.join('\n---\n')}`);
    check(sheets.some((text) => /One dose: 500 mg = 10 mL/.test(text) && /\(UK\)/.test(text)), 'no dose by age');
    for (const text of sheets) check(/Sources of the limits/.test(text) && /Working/.test(text) && /Heed/.test(text), text);
    const folds = chairside.page.locator('.sheet__working');
    equal(await folds.first().getAttribute('open'), null, 'the working of many records');
    await folds.first().locator('summary').click();
    check(/50 mg\/kg is 1,000 mg/.test(await folds.first().innerText()), 'the working is not unfolded');
    await chairside.screenshot('calculator-dose');
    const limited = await dose(chairside, { 'dose-drug': 'paracetamol (acetaminophen)', 'dose-strength': '' });
    check(/hold/.test(limited), limited);
    equal(chairside.complaints, [], 'complaints');
  },

  ...Object.fromEntries(
    REFUSED.map(([what, calculator, entries, words, field]) => [
      `a calculator refuses in words: ${what}`,
      async (chairside) => {
        await opened(chairside);
        const found = await (calculator === 'maximum' ? maximum : dose)(chairside, entries);
        check(words.test(found), found);
        equal(await chairside.at(field).getAttribute('aria-invalid'), 'true', `aria-invalid of ${field}`);
        equal(await chairside.at(field).evaluate((node) => getComputedStyle(node).borderTopStyle), 'double', `the look of ${field}`);
        equal(await chairside.page.locator('.told__result').count(), 0, 'results');
        equal(await chairside.at('error').count(), 0, 'problems of the question');
        for (const [handle, value] of Object.entries(entries)) {
          if (typeof value === 'string') equal(await chairside.at(handle).inputValue(), value, `what was typed into ${handle}`);
        }
        // It goes on with a good entry.
        if (calculator === 'maximum') {
          await chairside.at('maximum-adult').check();
          check(/At most 8/.test(await maximum(chairside, { ...VECTOR, 'maximum-age': '' })), 'no result afterwards');
        }
        equal(chairside.complaints, [], 'complaints');
      },
    ]),
  ),

  'half of a character is refused before it is sent': async (chairside) => {
    await opened(chairside);
    await chairside.setUnits('maximum-weight', [0x37, 0xd83e]);
    await chairside.at('maximum-calculate').click();
    check(/half of a character/.test(await told(chairside, 'maximum')), 'not refused');
    equal(await chairside.units('maximum-weight'), [0x37, 0xd83e], 'the field');
    equal(chairside.complaints, [], 'complaints');
  },

  'the calculators work while the model loads, without it, and not without a worker': async (chairside) => {
    let answer = () => {};
    const asked = new Promise((resolve) => (answer = resolve));
    await chairside.context.route('**/assets/model/model.safetensors', (route) => answer(route));
    await opened(chairside);
    const route = await asked;
    check(/At most 8 cartridges/.test(await maximum(chairside, VECTOR)), 'not while the model loads');
    // Not a broken connection, which would be tried again.
    await route.fulfill({ status: 404, body: 'no' });
    equal((await chairside.error()).kind, 'network', 'kind');
    await chairside.at('maximum-weight').fill('');
    check(/At most 8 cartridges/.test(await maximum(chairside, VECTOR)), 'not without the model');
    await chairside.worker().evaluate(() => self.close());
    await chairside.page.waitForFunction(() => document.querySelector('[data-testid="maximum-calculate"]').disabled);
    check(/start the assistant again/.test(await chairside.at('calculators-wait').innerText()), 'not said');
  },

  'a calculation does not disturb the answer that is being written': async (chairside) => {
    await opened(chairside);
    await chairside.ready();
    await chairside.ask(QUESTION);
    check(/At most 8 cartridges/.test(await maximum(chairside, VECTOR)), 'no result');
    check(['supported', 'partly_covered'].includes(await chairside.answered()), 'the answer');
    check(/At most 8 cartridges/.test(await chairside.at('maximum-told').innerText()), 'the result is gone');
  },

  'a maximum is calculated by keyboard alone': async (chairside) => {
    await chairside.open();
    await chairside.searchable();
    const press = (key) => chairside.page.keyboard.press(key);
    const focused = () => chairside.page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.tagName);
    const reach = async (handle) => {
      for (let i = 0; i < 12 && (await focused()) !== handle; i += 1) await press('Tab');
      equal(await focused(), handle, `the way to ${handle}`);
    };
    await reach('calculators-link');
    await press('Enter');
    await reach('maximum-product');
    await reach('maximum-adult');
    await reach('maximum-weight');
    await chairside.page.keyboard.type('70');
    await reach('maximum-heart');
    await press('Space');
    await press('Enter');
    check(/cartridges/.test(await told(chairside, 'maximum')), 'no result');
    equal(await chairside.at('maximum-heart').isChecked(), true, 'the box');
    equal(await focused(), 'maximum-heart', 'the focus');
  },

  'every field of the calculators has a label': async (chairside) => {
    await opened(chairside);
    await chairside.page.locator('.given summary').click();
    const fields = chairside.page.locator('.calculator :is(input, select)');
    const nameless = await fields.evaluateAll((nodes) => nodes.filter((node) => node.labels.length === 0).map((node) => node.id));
    equal(nameless, [], 'fields without a label');
    check((await fields.count()) >= 12, `${await fields.count()} fields`);
    await chairside.page.getByLabel('Body weight', { exact: true }).first().fill('70');
    equal(await chairside.at('maximum-weight').inputValue(), '70', 'the field of this label');
  },

  ...Object.fromEntries(
    ['light', 'dark'].map((scheme) => [
      `the calculators are legible, large enough and fit 320 px: ${scheme}`,
      async (chairside) => {
        await opened(chairside);
        await chairside.page.emulateMedia({ colorScheme: scheme });
        await chairside.page.locator('.given summary').click();
        await maximum(chairside, VECTOR);
        await dose(chairside, { ...CHILD, 'dose-strength': '250 mg/5 mL' });
        for (const width of [1280, 768, 320]) {
          await chairside.page.setViewportSize({ width, height: 900 });
          equal(await chairside.page.evaluate(tooWide), [], `at ${width} px`);
          equal(await chairside.page.evaluate(paleText), [], 'text with too little contrast');
          equal(await chairside.page.evaluate(smallTargets), [], 'targets that are too small');
          await chairside.screenshot(`calculators-${scheme}-${width}`);
        }
        await maximum(chairside, { 'maximum-weight': '' });
        equal(await chairside.page.evaluate(paleText), [], 'a refusal with too little contrast');
        await chairside.screenshot(`calculators-refused-${scheme}`);
      },
    ]),
  ),
};
