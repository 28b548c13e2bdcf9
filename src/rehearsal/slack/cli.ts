import { parseArgs } from 'node:util';
import { installationOf } from './manifest.ts';
import { startRehearsalSlack } from './server.ts';

const USAGE = `usage: rehearsal-slack [--port <n>] [--json] [--page-dir <folder>] [--cluster-control <url>]
                       [--banner <text>] [--mode socket|http] [--rate-limit-scale <factor>]
                       [--manifest <file>]
`;

/** Runs until SIGTERM or SIGINT; with --json the first line says where everything is, tokens included. */
async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      port: { type: 'string' },
      json: { type: 'boolean' },
      'page-dir': { type: 'string' },
      'cluster-control': { type: 'string' },
      banner: { type: 'string' },
      mode: { type: 'string' },
      manifest: { type: 'string' },
      'rate-limit-scale': { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const slack = await startRehearsalSlack({
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values['page-dir'] === undefined ? {} : { pageDir: values['page-dir'] }),
    ...(values['cluster-control'] === undefined ? {} : { clusterControl: values['cluster-control'] }),
    ...(values.banner === undefined ? {} : { banner: values.banner }),
    ...(values['rate-limit-scale'] === undefined ? {} : { rateLimitScale: Number(values['rate-limit-scale']) }),
    ...(values.manifest === undefined ? {} : installationOf(values.manifest)),
    ...(values.mode === undefined ? {} : { mode: values.mode === 'http' ? ('http' as const) : ('socket' as const) }),
  });
  const { close, ...where } = slack;
  const text = `rehearsal Slack: ${slack.url}\nWeb API:         ${slack.apiUrl}\nSLACK_BOT_TOKEN=${slack.tokens.botToken}\nSLACK_APP_TOKEN=${slack.tokens.appToken}`;
  process.stdout.write(`${values.json ? JSON.stringify(where) : text}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void close().then(() => process.exit(0)));
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`rehearsal-slack: ${thrown instanceof Error ? thrown.message : String(thrown)}\n${USAGE}`);
  process.exitCode = 2;
});
