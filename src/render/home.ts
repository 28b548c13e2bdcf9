import type { ActionsBlock, ContextBlock, DividerBlock, RichTextBlock, SectionBlock } from '@slack/types';
import { countWords } from '../core/policy/policy-words.ts';
import type { ClusterStanding } from '../core/policy/standing.ts';
import type { Home, HomeCluster, HomeRun, HomeVote } from '../core/ports/home.ts';
import type { Run } from '../core/run/run.ts';
import { approversOf, holdsIn } from '../core/run/votes.ts';
import { cardButtons, homeButtons } from './buttons.ts';
import { bold, code, type Line, linesBlock, link, text, time, who } from './lines.ts';
import { MARK_SYMBOL } from './marks.ts';
import { plural } from './numbers.ts';
import { cardLines, titleOf } from './plan-card.ts';

type HomeBlock = SectionBlock | RichTextBlock | ActionsBlock | ContextBlock | DividerBlock;
export type HomeViewBlocks = { readonly type: 'home'; readonly blocks: readonly HomeBlock[] };

const WHEN = '{date_short_pretty} {time}';
const DIVIDER: DividerBlock = { type: 'divider' };

/** The App Home: what waits for the reader comes first. Far below Slack's 100 blocks, whatever there is. */
export function renderHome(home: Home, root: string): HomeViewBlocks {
  return {
    type: 'home',
    blocks: [
      ...votesBlocks(home),
      title('Clusters'),
      ...(home.clusters.length === 0
        ? [linesBlock([[text(`None that you can be shown. Type ${root} status in a channel`)]])]
        : []),
      ...home.clusters.map((cluster) => linesBlock(clusterLines(cluster))),
      ...(home.moreClusters === 0 ? [] : [linesBlock([[text(`${home.moreClusters} more`)]])]),
      DIVIDER,
      title('Your last runs'),
      runsBlock(home.mine, `None yet. Type ${root} status in a channel`, false),
      title('Runs of others'),
      runsBlock(home.recent, 'None', true),
      DIVIDER,
      title('What you may do'),
      linesBlock(mayLines(home, root)),
      context(
        `As of ${new Date(home.now).toISOString().slice(0, 16).replace('T', ' ')} UTC; open it again for the newest. Clusters that are tied to channels are shown to whom the policy names, and to whoever asked there within seven days.`,
      ),
    ],
  };
}

/** For people of other organisations, and for when the store is away. */
export function renderHomeNotice(words: string): HomeViewBlocks {
  return { type: 'home', blocks: [linesBlock([[text(words)]])] };
}

function title(words: string): SectionBlock | RichTextBlock {
  return linesBlock([[bold(words)]]);
}

function context(words: string): ContextBlock {
  return { type: 'context', elements: [{ type: 'plain_text', text: words, emoji: false }] };
}

function votesBlocks({ votes, now }: Home): readonly HomeBlock[] {
  if (votes.length === 0) return [];
  return [
    title(`Waiting for your approval: ${votes.length}`),
    ...votes.flatMap((vote) => voteBlocks(vote, now)),
    DIVIDER,
  ];
}

function voteBlocks({ run, waiting, url }: HomeVote, now: Date): readonly HomeBlock[] {
  const [first = [], effect = []] = cardLines(run, waiting, now, {});
  const { by, run: id } = run.request;
  const asked: Line = [text('Asked by '), who(by), text(` · ${id}`), ...link(url, 'thread')];
  const { digest } = waiting.plan;
  const buttons = cardButtons({ run: id, digest, title: titleOf(run), held: false });
  return [linesBlock([first, effect, asked]), { type: 'actions', elements: homeButtons(buttons) }];
}

function clusterLines({ name, frozen, status, open }: HomeCluster): readonly Line[] {
  const state: Line =
    status === undefined
      ? [text('no status yet')]
      : [text(`${symbol(status)}${status.words} · `, 200), time(status.changedAt, WHEN), ...link(status.url, 'thread')];
  return [
    [bold(name), text(' · '), ...state],
    ...(frozen === undefined
      ? []
      : [
          [
            text(`⚠️ ${frozen.everywhere ? 'Every cluster is frozen' : 'Frozen'} by `),
            who(frozen.by),
            text(' since '),
            time(frozen.at, WHEN),
            ...(frozen.reason === undefined ? [] : [text(`: ${frozen.reason}`, 200)]),
          ],
        ]),
    ...open.map(openLine),
  ];
}

function openLine({ open, by, run, words, url }: HomeRun): Line {
  const what = open === undefined ? words : `${titleOf(open)} · ${waitingWords(open) ?? words}`;
  return [text(`⏳ ${what} · `, 200), who(by), text(` · ${run}`), ...link(url, 'thread')];
}

function waitingWords({ now, request, votes }: Run): string | undefined {
  if (now.state !== 'awaiting-approval') return undefined;
  if (holdsIn(now.plan.digest, votes).length > 0) return 'held';
  const given = approversOf(now.plan, request.by.user, votes).length;
  return `needs ${plural(now.plan.approvals, 'approval')}, ${given} so far`;
}

function runsBlock(runs: readonly HomeRun[], none: string, byWhom: boolean): SectionBlock | RichTextBlock {
  if (runs.length === 0) return linesBlock([[text(none)]]);
  return linesBlock(runs.map((run) => runLine(run, byWhom)));
}

function runLine(run: HomeRun, byWhom: boolean): Line {
  return [
    text(symbol(run)),
    code(run.typed, 60),
    text(' · '),
    ...(byWhom ? [who(run.by), text(' · ')] : []),
    time(run.at, WHEN),
    text(` · ${run.words}`, 160),
    ...link(run.url, 'thread'),
  ];
}

function symbol({ mark }: HomeRun): string {
  return MARK_SYMBOL[mark] === '' ? '' : `${MARK_SYMBOL[mark]} `;
}

function mayLines({ clusters }: Home, root: string): readonly Line[] {
  return [
    [text('Look: status, preflight, verify, history, show. Stop: hold, freeze, cancel')],
    ...clusters.flatMap(({ name, may }) => standingLines(name, may)),
    [text('Everything that can be typed: '), code(`${root} help`)],
  ];
}

/** One line per cluster and way: what is at once, what needs others, and what is not for this person. */
function standingLines(name: string, { jobs, approves }: ClusterStanding): readonly Line[] {
  const ways = new Map<string, string[]>();
  for (const { job, standing } of jobs) {
    const way = standing.type === 'may' ? countWords(standing.rule) : 'not you';
    ways.set(way, [...(ways.get(way) ?? []), job.words[0]?.join(' ') ?? job.name]);
  }
  const said = [...ways].map(([way, commands]) => `${commands.join(', ')} (${way})`);
  const votes = approves ? ['approve what others ask for'] : [];
  return [[bold(name), text(`: ${[...said, ...votes].join(' · ')}`, 700)]];
}
