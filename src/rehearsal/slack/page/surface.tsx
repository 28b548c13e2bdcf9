import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react';
import { useConfirm } from './confirm-dialog.tsx';
import { explain, postControl } from './control.ts';
import { type ElementValue, type FormValues, formValues, initialValue } from './element-values.ts';
import { arrayOf, child, type Fields, fieldsOf, has, str } from './fields.ts';
import { useWorkspace } from './workspace-context.tsx';

/** Where blocks stand: a message, or a view (modal or Home). What people do there is posted with this. */
type Place = { readonly channel: string; readonly messageTs: string } | { readonly viewId: string };

export type Surface = {
  readonly isView: boolean;
  readonly busy: boolean;
  readonly values: FormValues;
  /** Per block id: what is wrong with its input. */
  readonly errors: Readonly<Record<string, string>>;
  readonly valueOf: (blockId: string, element: Fields) => ElementValue | undefined;
  readonly setValue: (blockId: string, actionId: string, value: ElementValue) => void;
  /** Sends a block_actions, after the element's confirm dialog. Resolves to false when it was not sent or refused. */
  readonly act: (blockId: string, element: Fields, value: Fields) => Promise<boolean>;
  readonly loadOptions: (blockId: string, actionId: string, typed: string) => Promise<readonly Fields[]>;
};

const Context = createContext<Surface | undefined>(undefined);

export function useSurface(): Surface {
  const surface = useContext(Context);
  if (!surface) throw new Error('blocks need a SurfaceProvider above them');
  return surface;
}

type Props = {
  readonly place: Place;
  readonly blocks: readonly unknown[];
  readonly errors?: Readonly<Record<string, string>>;
  readonly values: FormValues;
  readonly onValues: (change: (values: FormValues) => FormValues) => void;
  readonly children: ReactNode;
};

const NO_ERRORS = {};

/** One post at a time: while it is in flight the surface is busy and its buttons are off, as in Slack. */
export function SurfaceProvider({ place, blocks, errors = NO_ERRORS, values, onValues, children }: Props) {
  const { viewer } = useWorkspace();
  const confirm = useConfirm();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  // A second click lands before React has drawn the disabled button; the ref is already set then.
  const inFlight = useRef(false);
  const placeKey = JSON.stringify(place);

  const act = useCallback(
    async (blockId: string, element: Fields, value: Fields): Promise<boolean> => {
      if (inFlight.current) return false;
      if (has(element, 'confirm') && !(await confirm(child(element, 'confirm')))) return false;
      inFlight.current = true;
      setBusy(true);
      setProblem('');
      const action = { type: str(element, 'type'), action_id: str(element, 'action_id'), block_id: blockId, ...value };
      // What else is entered goes along, as in Slack's state.values.
      const body = { user: viewer, action, values: formValues(blocks, values) };
      const answer = await postControl('interact', { ...fieldsOf(JSON.parse(placeKey)), ...body });
      inFlight.current = false;
      setBusy(false);
      if (!answer.ok) setProblem(explain(answer));
      return answer.ok;
    },
    [placeKey, viewer, confirm, blocks, values],
  );

  const surface = useMemo<Surface>(
    () => ({
      isView: placeKey.includes('viewId'),
      busy,
      values,
      errors,
      valueOf: (blockId, element) => values[blockId]?.[str(element, 'action_id')] ?? initialValue(element),
      setValue: (blockId, actionId, value) =>
        onValues((before) => ({ ...before, [blockId]: { ...before[blockId], [actionId]: value } })),
      act,
      loadOptions: async (blockId, actionId, typed) => {
        const ids = { user: viewer, action_id: actionId, block_id: blockId, value: typed };
        const answer = await postControl('options', { ...fieldsOf(JSON.parse(placeKey)), ...ids });
        return answer.ok ? optionsIn(answer.body) : [];
      },
    }),
    [placeKey, busy, values, errors, onValues, act, viewer],
  );

  return (
    <Context value={surface}>
      {children}
      {problem !== '' && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </Context>
  );
}

/** External options come flat or in groups; groups are flattened, as the menu shows their members. */
function optionsIn(body: Fields): readonly Fields[] {
  const grouped = arrayOf(body['option_groups']).map(fieldsOf);
  return [...arrayOf(body['options']), ...grouped.flatMap((group) => arrayOf(group['options']))].map(fieldsOf);
}
