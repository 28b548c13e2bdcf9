import { describe, expect, it } from 'vitest';
import { ChannelId } from '../../src/core/ids.ts';
import { ChatopsConfig, clustersAt, defaultChatopsConfig } from '../../src/core/policy/chatops-config.ts';

describe('chatops.yaml', () => {
  it.each([
    { when: 'it names no cluster', file: { clusters: [] }, want: 'Too small' },
    { when: 'a cluster has no name', file: { clusters: [{}] }, want: 'expected string' },
    { when: 'a name has capitals', file: { clusters: [{ name: 'Prod' }] }, want: 'a cluster name has' },
    {
      when: 'two have one name',
      file: { clusters: [{ name: 'a' }, { name: 'a' }] },
      want: 'two clusters are called a',
    },
    {
      when: 'it has both sources',
      file: { clusters: [{ name: 'a', context: 'x', inCluster: true }] },
      want: 'exclude',
    },
    {
      when: 'a channel is a name',
      file: { clusters: [{ name: 'a', channels: ['#ops'] }] },
      want: 'a channel id looks like',
    },
    { when: 'no channel is left', file: { clusters: [{ name: 'a', channels: [] }] }, want: 'Too small' },
    { when: 'a key is misspelt', file: { clusters: [{ name: 'a', chanels: ['C01OPS'] }] }, want: 'chanels' },
    { when: 'a key is misspelt above', file: { cluster: [], clusters: [{ name: 'a' }] }, want: 'cluster' },
    {
      when: 'a rule is for a cluster that is not there',
      file: { clusters: [{ name: 'prod' }], policy: { rules: [{ clusters: ['prd'], approvals: 0 }] } },
      want: 'there is no cluster prd: the clusters are prod',
    },
    { when: 'it is empty', file: null, want: 'expected object' },
  ])('is refused when $when', ({ file, want }) => {
    const parsed = ChatopsConfig.safeParse(file);

    expect(parsed.success ? '' : parsed.error.issues.map((issue) => issue.message).join()).toContain(want);
  });

  it('is one cluster when there is no file', () => {
    expect(defaultChatopsConfig(false)).toMatchObject({ clusters: [{ name: 'default' }] });
    expect(defaultChatopsConfig(true)).toMatchObject({ clusters: [{ name: 'default', inCluster: true }] });
  });
});

describe('clustersAt', () => {
  const config = ChatopsConfig.parse({ clusters: [{ name: 'prod', channels: ['C01OPS'] }, { name: 'dev' }] });
  const names = (channel: string): readonly string[] =>
    clustersAt(config, { type: 'slack', channel: ChannelId.parse(channel), via: 'slash' }).map(({ name }) => name);

  it('shows a channel its own clusters and the free ones', () => {
    expect(names('C01OPS')).toEqual(['prod', 'dev']);
    expect(names('C02OTHER')).toEqual(['dev']);
  });

  it('shows the terminal all: it acts with its own rights', () => {
    expect(clustersAt(config, { type: 'terminal' })).toHaveLength(2);
  });
});
