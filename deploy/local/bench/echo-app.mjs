import { App } from '@slack/bolt';

/** The least a Bolt app can do with a slash command: what our own answer is compared with. */
const { SLACK_BOT_TOKEN: token, SLACK_APP_TOKEN: appToken, SLACK_API_URL: slackApiUrl } = process.env;
const app = new App({ token, appToken, socketMode: true, clientOptions: { slackApiUrl }, logLevel: 'error' });
app.command('/cilium', async ({ ack, command }) => {
  await ack({ text: command.text });
});
await app.start();
process.stdout.write(`${JSON.stringify({ msg: 'ready' })}\n`);
process.on('SIGTERM', () => process.exit(0));
