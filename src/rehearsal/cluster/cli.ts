/** `tsx src/rehearsal/cluster/cli.ts [--port n] [--kubeconfig path] [--nodes n] [--pods n] [--speed n] [--unmanaged n] [--stop-ms n] [--json]` */
import { parseArgs } from 'node:util';
import { startRehearsalCluster } from './start.ts';

function parseFlags(argv: readonly string[]): {
  port: string;
  kubeconfig?: string;
  nodes: string;
  pods: string;
  speed: string;
  unmanaged: string;
  'stop-ms'?: string;
  json: boolean;
} {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      port: { type: 'string', default: '0' },
      kubeconfig: { type: 'string' },
      nodes: { type: 'string', default: '0' },
      pods: { type: 'string', default: '0' },
      speed: { type: 'string', default: '1' },
      unmanaged: { type: 'string', default: '0' },
      'stop-ms': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  return values;
}

const flags = parseFlags(process.argv.slice(2));
const cluster = await startRehearsalCluster({
  port: Number(flags.port),
  nodes: Number(flags.nodes),
  pods: Number(flags.pods),
  speed: Number(flags.speed),
  unmanaged: Number(flags.unmanaged),
  ...(flags['stop-ms'] === undefined ? {} : { stopMs: Number(flags['stop-ms']) }),
  ...(flags.kubeconfig === undefined ? {} : { kubeconfigPath: flags.kubeconfig }),
});
const { url, kubeconfigPath, controlUrl } = cluster;
const lines = flags.json
  ? JSON.stringify({ url, kubeconfig: kubeconfigPath, control: controlUrl })
  : `rehearsal cluster (not a real one) at ${url}\n  export KUBECONFIG=${kubeconfigPath}\n  control API ${controlUrl}`;
process.stdout.write(`${lines}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cluster.close());
