import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { jobs } from '../../jobs/registry.ts';
import { configSchema, understandConfig } from '../../src/settings/config-problems.ts';
import { configCommand } from '../../src/terminal/config-command.ts';

const DEPLOY = new URL('../../deploy/', import.meta.url);
const COMMANDS = jobs.map((job) => job.name);

function problems(text: string): readonly string[] {
  const understood = understandConfig(text, COMMANDS);
  return understood.ok
    ? []
    : understood.problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
}

const RULE = (rule: string): string =>
  `clusters:\n  - name: prod\npolicy:\n  rules:\n    - { approvals: 0, ${rule} }\n`;

describe('what is wrong with chatops.yaml', () => {
  it('is said all at once, in the order of the file', () => {
    const text = 'clusters:\n  - name: Prod\n    chanels: [C01]\n  - channels: ["#ops"]\npolicy:\n  rule: []\n';

    expect(problems(text).map((each) => each.split(' ').slice(0, 2).join(' '))).toEqual([
      '2:11 clusters[0].name',
      '3:5 clusters[0].chanels',
      '4:5 clusters[1]',
      '4:16 clusters[1].channels[0]',
      '6:3 policy.rule',
    ]);
  });

  it.each([
    {
      when: 'a setting is misspelt',
      text: RULE('aproval: 2'),
      want: '5:23 policy.rules[0].aproval there is no setting "aproval", did you mean "approvals"? (allowed here: clusters, commands',
    },
    { when: 'a setting is unlike any', text: RULE('xyzzyx: 2'), want: 'no setting "xyzzyx" (allowed here:' },
    {
      when: 'it is misspelt in one form of two',
      text: RULE('reason: { patern: x }'),
      want: 'policy.rules[0].reason.patern there is no setting "patern", did you mean "pattern"? (allowed here: pattern)',
    },
    {
      when: 'a value fits no form',
      text: RULE('request: anybody'),
      want: 'must be "anyone", or lists of users and groups; it is "anybody"',
    },
    {
      when: 'a word is misspelt',
      text: RULE('risks: [chnge]'),
      want: 'policy.rules[0].risks[0] must be one of probe, change, did you mean "change"?; it is "chnge"',
    },
    {
      when: 'a duration is in words',
      text: RULE('expiresAfter: 30 minutes'),
      want: 'a duration looks like 30m or 2h; it is "30 minutes"',
    },
    {
      when: 'a number is too large',
      text: RULE('approvals: 11').replace('approvals: 0, ', ''),
      want: 'policy.rules[0].approvals must be <=10; it is 11',
    },
    {
      when: 'a command is misspelt',
      text: RULE('commands: [enable-native-ruting]'),
      want: 'no command "enable-native-ruting", did you mean "enable-native-routing"?',
    },
    {
      when: 'a cluster is not there',
      text: RULE('clusters: [prd]'),
      want: 'policy.rules[0].clusters[0] there is no cluster prd: the clusters are prod',
    },
    {
      when: 'nobody may approve',
      text: RULE('approvals: 1').replace('approvals: 0, ', ''),
      want: 'policy.rules[0].approve a rule that needs approvals must say who may approve',
    },
    {
      when: 'what is needed is missing',
      text: 'clusters:\n  - context: prod\n',
      want: '2:5 clusters[0] "name" is missing',
    },
    {
      when: 'a key stands twice',
      text: 'clusters:\n  - name: a\nclusters: []\n',
      want: '3:1  Map keys must be unique',
    },
    { when: 'it is no YAML', text: 'clusters: [\n', want: '2:1 ' },
    { when: 'it is empty', text: '', want: '1:1  must be object' },
  ])('is said with its place and what is allowed when $when', ({ text, want }) => {
    expect(problems(text).join('\n')).toContain(want);
  });

  it.each([
    { when: 'by its shape', text: RULE('approve: { groups: [xoxb-1234-hunter2] }') },
    { when: 'by its name', text: RULE('token: hunter2') },
    { when: 'by its length', text: RULE(`expiresAfter: hunter2${'A'.repeat(40)}`) },
  ])('never quotes a secret, known $when', ({ text }) => {
    expect(problems(text)).toHaveLength(1);
    expect(problems(text).join()).not.toContain('hunter2');
  });
});

describe('deploy/', () => {
  it('has an example that is usable, says all there is to say, and names its schema', async () => {
    const text = await readFile(new URL('chatops.example.yaml', DEPLOY), 'utf8');

    expect(problems(text)).toEqual([]);
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/chatops\.schema\.json\n/);
  });

  it('has the schema of this version: cilium-chatops config schema > deploy/chatops.schema.json', async () => {
    const stored: unknown = JSON.parse(await readFile(new URL('chatops.schema.json', DEPLOY), 'utf8'));

    expect(stored).toEqual(JSON.parse(JSON.stringify(configSchema())));
  });
});

describe('cilium-chatops config', () => {
  async function said(...words: readonly string[]) {
    const lines: string[] = [];
    const say = (text: string): void => void lines.push(text);
    const exit = await configCommand(words, {}, { out: say, err: say });
    return { exit, text: lines.join('\n') };
  }

  it('check says what a usable file comes to, and that a rule never decides', async () => {
    const { exit, text } = await said('check', new URL('chatops.example.yaml', DEPLOY).pathname);

    expect(exit).toBe(0);
    expect(text).toContain('On prod:');
    expect(text).toContain('restart unmanaged: anyone may ask; 1 approval by S0123456789; with a reason; within 30m');
    expect(text).toContain('begins only mon, tue, wed, thu 22:00–04:00 (Europe/Berlin)');
    expect(text).not.toContain('never decides');
  });

  it.each([
    { words: ['check', '/nowhere/chatops.yaml'], want: 'cannot be read' },
    { words: ['chek'], want: 'config check [file]' },
    { words: [], want: 'config check [file]' },
  ])('ends with 2 for $words', async ({ words, want }) => {
    expect(await said(...words)).toEqual({ exit: 2, text: expect.stringContaining(want) });
  });

  it('check without a file says what holds without one', async () => {
    const { exit, text } = await said('check');

    expect(exit).toBe(0);
    expect(text).toContain('nobody (no rule allows it)');
  });
});
