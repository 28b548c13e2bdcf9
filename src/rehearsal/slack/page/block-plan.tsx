import { child, children, type Fields, has, str, textOf } from './fields.ts';
import { RichText } from './rich-text.tsx';
import { Link } from './text.tsx';

/** Words beside every mark: a mark alone carries no meaning. */
const STATUS = {
  pending: { mark: '○', word: 'pending' },
  in_progress: { mark: '◐', word: 'in progress' },
  complete: { mark: '●', word: 'complete' },
  error: { mark: '✕', word: 'failed' },
} as const;

type Status = keyof typeof STATUS;

function statusOf(task: Fields): Status {
  const status = str(task, 'status');
  return Object.hasOwn(STATUS, status) ? (status as Status) : 'pending';
}

/** A plan block: its tasks one under the other, like the steps of a checklist. */
export function PlanBlock({ block }: { readonly block: Fields }) {
  const tasks = children(block, 'tasks');
  const done = tasks.filter((task) => statusOf(task) === 'complete').length;
  return (
    <section className="plan" aria-label={textOf(block, 'title')}>
      <h4>
        {textOf(block, 'title')}{' '}
        <span className="quiet">
          {done} of {tasks.length}
        </span>
      </h4>
      <ol>
        {tasks.map((task, index) => (
          <li key={str(task, 'task_id') || index}>
            <TaskCard block={task} />
          </li>
        ))}
      </ol>
    </section>
  );
}

export function TaskCard({ block }: { readonly block: Fields }) {
  const status = statusOf(block);
  return (
    <div className={`task ${status}`}>
      <span className="task-mark" role="img" aria-label={STATUS[status].word} title={STATUS[status].word}>
        {STATUS[status].mark}
      </span>
      <div className="task-body">
        <div className="task-title">{textOf(block, 'title')}</div>
        {has(block, 'details') && <RichText block={child(block, 'details')} />}
        {has(block, 'output') && <RichText block={child(block, 'output')} />}
        {children(block, 'sources').map((source) => (
          <Link key={str(source, 'url')} url={str(source, 'url')}>
            {str(source, 'text') || str(source, 'url')}
          </Link>
        ))}
      </div>
    </div>
  );
}
