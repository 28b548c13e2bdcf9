import { z } from 'zod';
import { createSlackBot } from '../../src/slack/slack-bot.ts';
import { aWorld } from '../app/world.ts';

/** A bot that starts, stops, and has nothing else to do: a process of its own, so that what is left over shows. */
const { MODE, API_URL, TOKENS } = z
  .object({ MODE: z.string(), API_URL: z.string(), TOKENS: z.string() })
  .parse(process.env);
const { botToken, appToken, signingSecret } = z
  .object({ botToken: z.string(), appToken: z.string(), signingSecret: z.string() })
  .parse(JSON.parse(TOKENS));
const transport =
  MODE === 'socket' ? ({ type: 'socket', appToken } as const) : ({ type: 'http', signingSecret, port: 0 } as const);
const bot = createSlackBot({ botToken, apiUrl: API_URL, root: '/cilium', transport }, aWorld());

await bot.start();
process.stdout.write(bot.connected() ? 'connected ' : 'not connected ');
await bot.stop();
process.stdout.write('stopped');
