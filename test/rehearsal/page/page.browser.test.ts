import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from '../../support/chromium.ts';
import { cleanUp, type Harness, socketApp, startSlack } from '../slack/harness.ts';
import { setUpBot } from './a-bot.ts';
import { aMessage, aWorkspace, DANA, OPS } from './a-workspace.ts';
import { startPageStub } from './page-stub.ts';

const chromium = findChromium();
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Whether the message with this text is in view in the channel. Text, not a function: these types have no DOM. */
const IN_VIEW = `(text) => {
  const pane = document.querySelector('.channel-pane .scroller')?.getBoundingClientRect();
  const message = [...document.querySelectorAll('.channel-pane [data-ts]')].find((each) => each.textContent.includes(text));
  const box = message?.getBoundingClientRect();
  return pane !== undefined && box !== undefined && box.top >= pane.top - 1 && box.bottom <= pane.bottom + 1;
}`;

// Named so that a skipped run says what it did not cover.
describe.skipIf(chromium === undefined)('the page in Chromium (set CHROMIUM to its path where it is not found)', () => {
  let browser: Browser;
  let pageDir: string;

  beforeAll(async () => {
    pageDir = await mkdtemp(join(tmpdir(), 'rehearsal-page-'));
    // A plain script without types, as all of deploy/local: it runs before anything is built.
    const { buildPage } = (await import(new URL('../../../deploy/local/build-page.mjs', import.meta.url).href)) as {
      buildPage: (outDir: string) => Promise<void>;
    };
    await buildPage(pageDir);
    browser = await launchChromium(chromium ?? '');
  });
  afterAll(async () => {
    await browser.close();
    await rm(pageDir, { recursive: true });
  });

  /** Opens a page that fails the test when it throws or asks any other host for anything. */
  async function open(url: string, viewport = WIDE): Promise<Page> {
    const page = await browser.newPage({ viewport });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('data:'))
        faults.push(request.url());
    });
    page.setDefaultTimeout(10_000);
    cleanUp(async () => {
      await page.close();
      expect(faults).toEqual([]);
    });
    await page.goto(url);
    return page;
  }

  async function startWithBot(): Promise<Harness> {
    const harness = await startSlack({ pageDir });
    const app = socketApp(harness);
    setUpBot(app);
    await app.start();
    return harness;
  }

  const composer = (page: Page) => page.getByRole('combobox', { name: 'Message #ops' });
  const say = async (page: Page, text: string) => {
    await composer(page).fill(text);
    await composer(page).press('Enter');
  };
  // Text, not a function: these types have no DOM.
  const overflow = (page: Page) => page.evaluate('document.documentElement.scrollWidth - window.innerWidth');

  it('takes a command from the suggestions, and lets another person press the button', async () => {
    const { slack } = await startWithBot();
    const page = await open(slack.url);

    await composer(page).fill('/cilium st');
    await page.getByRole('option', { name: '/cilium status', exact: true }).waitFor();
    await composer(page).press('ArrowDown');
    await composer(page).press('Enter');
    expect(await composer(page).inputValue()).toBe('/cilium status');
    await composer(page).press('Enter');
    await page.getByText('prod asked by @dana').waitFor();
    await page.getByLabel('Act as').selectOption('Lee Park');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog', { name: 'Approve it?' }).getByRole('button', { name: 'Yes' }).click();

    await page.getByText('approved by @lee').waitFor();
    await page.getByText('(edited)').waitFor();
  });

  it('does not press a button whose confirmation is refused with Escape', async () => {
    const { slack, channel, read } = await startWithBot();
    const page = await open(slack.url);
    await say(page, '/cilium status');

    await page.getByRole('button', { name: 'Approve' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    expect(JSON.stringify(await read('log'))).not.toContain('block_actions');
    expect(JSON.stringify(await read(`messages/${channel('ops')}`))).toContain('approve?');
  });

  it('fills, corrects and submits a modal', async () => {
    const { slack } = await startWithBot();
    const page = await open(slack.url);
    await say(page, '/cilium form');
    const modal = page.getByRole('dialog', { name: 'Native routing' });

    await modal.getByRole('button', { name: 'Plan' }).click();
    await modal.getByText('Please complete this required field.').first().waitFor();
    await modal.getByLabel('CIDR').fill('10.0.0.0');
    await modal.getByRole('button', { name: 'Cluster' }).click();
    await page.getByRole('option', { name: 'prod' }).click();
    await modal.getByLabel('Benchmark').check();
    await modal.getByRole('button', { name: 'Plan' }).click();
    await modal.getByText('this is no CIDR').waitFor();
    await modal.getByLabel('CIDR').fill('10.0.0.0/16');
    await modal.getByRole('button', { name: 'Plan' }).click();

    await page.getByRole('main').getByText('dana: 10.0.0.0/16 on prod with bench').waitFor();
    await modal.waitFor({ state: 'detached' });
  });

  it('refuses a command in a thread as Slack does, and takes a mention there', async () => {
    const { slack } = await startWithBot();
    const page = await open(slack.url);
    await say(page, 'is anybody there?');
    await page.getByText('is anybody there?').hover();
    await page.getByRole('link', { name: 'Reply in thread' }).click();
    const thread = page.getByRole('complementary', { name: 'Thread' });
    const reply = thread.getByRole('combobox', { name: 'Reply…' });

    await reply.fill('/cilium status');
    await reply.press('Enter');
    await thread.getByText('is not supported in threads').waitFor();
    await reply.fill('@cilium status');
    await reply.press('Enter');

    await thread.getByText('heard you').waitFor();
    await thread.getByText('@cilium', { exact: true }).waitFor();
    await page.getByRole('link', { name: /2 replies/ }).waitFor();
  });

  it('shows an ephemeral to its reader alone', async () => {
    const { slack } = await startWithBot();
    const page = await open(slack.url);
    await say(page, '/cilium secret');
    await page.getByText('Only visible to you').waitFor();

    await page.getByLabel('Act as').selectOption('Lee Park');
    await page.getByText('for your eyes only').waitFor({ state: 'detached' });
    await page.getByLabel('Act as').selectOption('Dana Ortiz');

    await page.getByText('for your eyes only').waitFor();
  });

  it('brings what comes next into view beside an open thread, unless the reader has scrolled up', async () => {
    const { slack, control, channel, user } = await startWithBot();
    const write = (number: number) =>
      control('message', {
        channel: channel('ops'),
        user: user('lee'),
        text: `line ${number}. ${'words '.repeat(60)}`,
      });
    for (let number = 1; number <= 20; number += 1) await write(number);
    const page = await open(slack.url);
    const inView = (text: string) => `(${IN_VIEW})(${JSON.stringify(text)})`;
    await page.waitForFunction(inView('line 20.'));
    const older = page.locator('.channel-pane [data-ts]').filter({ hasText: 'line 18.' });
    await older.hover();
    await older.getByRole('link', { name: 'Reply in thread' }).click();
    await page.getByRole('complementary', { name: 'Thread' }).waitFor();

    await write(21);
    await page.waitForFunction(inView('line 21.'));
    await page.getByRole('main').hover();
    await page.mouse.wheel(0, -100_000);
    await page.waitForFunction(inView('line 1.'));
    await write(22);
    await page.locator('.channel-pane').getByText('line 22.').waitFor();
    expect(await page.evaluate(inView('line 22.'))).toBe(false);
    await say(page, '/cilium secret');

    await page.waitForFunction(inView('for your eyes only'));
  });

  it('opens the Home of whoever acts', async () => {
    const { slack, user } = await startWithBot();
    const page = await open(`${slack.url}/?as=lee#/home`);

    await page.getByText(`Home of ${user('lee')}`).waitFor();
  });

  it('turns a switch of the switchboard', async () => {
    const { slack, read } = await startWithBot();
    const page = await open(slack.url);

    await page.getByRole('button', { name: 'Switchboard' }).click();
    const control = page.getByRole('region', { name: 'Break things' }).getByRole('combobox').first();
    await control.selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Switchboard: 1 broken' }).waitFor();

    const wanted = await control.inputValue();
    expect(JSON.stringify(await read('faults'))).toContain(`"value":"${wanted}"`);
  });

  it('says when the bot is not connected', async () => {
    const { slack } = await startSlack({ pageDir });
    const page = await open(slack.url);

    await page.getByText('The bot is not connected').waitFor();
  });

  it('shows one column at a time on a phone, without sideways scrolling', async () => {
    const { slack } = await startWithBot();
    const page = await open(slack.url, PHONE);
    expect(await page.getByRole('main').isVisible()).toBe(false);
    expect(await overflow(page)).toBe(0);

    await page.getByRole('link', { name: 'ops', exact: true }).click();
    await say(page, '/cilium wide');
    await page.getByRole('table').waitFor();
    expect(await page.getByRole('navigation').isVisible()).toBe(false);
    expect(await overflow(page)).toBe(0);

    await page.getByRole('link', { name: 'Reply in thread' }).click();
    await page.getByRole('complementary', { name: 'Thread' }).waitFor();
    expect(await page.getByRole('main').isVisible()).toBe(false);
    expect(await overflow(page)).toBe(0);

    await page.getByRole('link', { name: 'Back to the channel' }).click();
    await page.getByRole('link', { name: 'Back to the channels' }).click();
    expect(await page.getByRole('navigation').isVisible()).toBe(true);
  });

  it('draws what it can of broken and unknown blocks, and loads no picture from elsewhere', async () => {
    const blocks = [
      { type: 'section' },
      { type: 'section', text: { type: 'mrkdwn', text: 'still here <javascript:alert(1)|x>' } },
      { type: 'hologram' },
      { type: 'table', rows: 'none' },
      { type: 'image', image_url: 'https://elsewhere.test/a.png', alt_text: 'far away' },
      {
        type: 'rich_text',
        elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: ':tada: <!here>' }] }],
      },
      'not even an object',
    ];
    const stub = await startPageStub(pageDir, aWorkspace({ messages: [aMessage({ blocks })] }));
    cleanUp(() => stub.close());
    const page = await open(stub.url);

    await page.getByText('still here <javascript:alert(1)|x>').waitFor();
    await page.getByText('does not draw the block “hologram”').waitFor();
    await page.getByText('far away (not loaded)').waitFor();
    await page.getByText(':tada: <!here>', { exact: true }).waitFor();
  });

  it('sends a click once, however often it is pressed, and says why it was refused', async () => {
    const button = { type: 'button', action_id: 'go', value: 'run-1', text: { type: 'plain_text', text: 'Go' } };
    const blocks = [{ type: 'actions', block_id: 'b', elements: [button] }];
    const message = aMessage({ blocks });
    const stub = await startPageStub(pageDir, aWorkspace({ messages: [message] }));
    cleanUp(() => stub.close());
    stub.answer('interact', () => ({ ok: false, error: 'operation_timeout' }));
    const page = await open(stub.url);

    await page.getByRole('button', { name: 'Go' }).waitFor();
    await page.evaluate('const go = document.querySelector(".actions button"); go.click(); go.click()');
    await page.getByRole('alert').getByText('operation timeout').waitFor();

    const action = { type: 'button', action_id: 'go', block_id: 'b', value: 'run-1', text: button.text };
    const body = { channel: OPS, messageTs: message.ts, user: DANA, action, values: {} };
    expect(stub.posts).toEqual([{ path: 'interact', body }]);
  });
});
