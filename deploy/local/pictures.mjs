#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePackages, fail, ROOT, say } from './setup.mjs';

/**
 * `npm run pictures`: the README's pictures, taken from the demo in a headless browser. Every picture is of a run that
 * really happened on the rehearsal; nothing is drawn by hand. Names of scenes after `--` take only those.
 */
ensurePackages();
const browserPath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));
if (!browserPath) fail('no Chromium found', 'install it, or set CHROMIUM to its path');
const OUT = `${ROOT}deploy/local/pictures`;
mkdirSync(OUT, { recursive: true });
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

const { chromium } = await import('playwright-core');
const { scenes } = await import('./pictures-scenes.mjs');
const wanted = process.argv.slice(2);
const chosen = Object.entries(scenes).filter(([name]) => wanted.length === 0 || wanted.includes(name));

const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
});
try {
  for (const [name, scene] of chosen) await take(name, scene);
} finally {
  await browser.close();
}

/** One demo per scene, so that none sees what another left behind. */
async function take(name, scene) {
  say(`${name} …`);
  const demo = spawn(
    process.execPath,
    [`${ROOT}deploy/local/demo.mjs`, '--json', '--no-open', ...(scene.flags ?? [])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise((resolve) => demo.once('exit', resolve));
  try {
    const ready = await firstLine(demo.stdout);
    const page = await browser.newPage({ viewport: WIDE, deviceScaleFactor: 1 });
    await scene.play(stage(name, page, ready));
    await page.close();
  } finally {
    demo.kill('SIGTERM');
    await gone;
  }
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) {
    if (line.startsWith('{')) return JSON.parse(line);
  }
  throw new Error('the demo did not start');
}

/** What a scene can do: act as people through the control API, look at the page, take a picture. */
function stage(name, page, ready) {
  const post = async (path, body) => {
    const response = await fetch(`${ready.control}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const channel = ready.channels.ops;
  const messages = async () => (await (await fetch(`${ready.control}/messages/${channel}`)).json()).messages;
  return {
    ready,
    page,
    post,
    messages,
    /** Types a slash command as one of the people. */
    command: (text, who = 'dana') => post('/command', { channel, user: ready.users[who], command: '/cilium', text }),
    /** Presses the button with this label on the newest message that has one, as one of the people. */
    async press(label, who) {
      // A message that is edited between the look and the press has new buttons: a person would press again.
      for (let tries = 3; ; tries -= 1) {
        const found = (await messages()).flatMap((message) =>
          buttonsOf(message).map((button) => ({ message, button })),
        );
        const hit = found.findLast(({ button }) => button.text.text === label);
        if (!hit) throw new Error(`no button "${label}" in ${name}`);
        const { block_id, action_id, value } = hit.button;
        const action = { type: 'button', block_id, action_id, value };
        const pressed = await post('/interact', { channel, messageTs: hit.message.ts, user: ready.users[who], action });
        if (pressed.ok === true) return pressed;
        if (tries === 1) throw new Error(`${name}: pressing "${label}" gave ${JSON.stringify(pressed)}`);
      }
    },
    fault: (board, id, value) => post('/faults', { board, id, value }),
    /** Waits until a message of the channel or a thread has this text. */
    async until(pattern, withinMs = 60_000) {
      for (const end = Date.now() + withinMs; Date.now() < end; await sleep(200)) {
        const hit = (await messages()).find((message) => pattern.test(message.text));
        if (hit) return hit;
      }
      throw new Error(`${name}: nothing like ${pattern} within ${withinMs} ms`);
    },
    /** Opens the thread of a message, or the channel, in the page as one of the people. */
    async open(message, who = 'dana') {
      const thread = message === undefined ? '' : `/p${(message.thread_ts ?? message.ts).replace('.', '')}`;
      await page.goto(`${ready.slack}/?as=${who}#/${channel}${thread}`);
      await page.waitForTimeout(800);
    },
    async picture(suffix = '', size = WIDE) {
      await page.setViewportSize(size);
      await page.waitForTimeout(400);
      const file = `${OUT}/${name}${suffix}.png`;
      await page.screenshot({ path: file });
      say(`  ${file.slice(ROOT.length)}`);
    },
    phone: PHONE,
  };
}

function buttonsOf(message) {
  return (message.blocks ?? []).flatMap((block) =>
    (block.elements ?? [])
      .filter((each) => each.type === 'button')
      .map((each) => ({ ...each, block_id: block.block_id })),
  );
}
