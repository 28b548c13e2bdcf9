import type { Json } from './json.ts';

/** A modal or Home as views.* returns it. */
export type StoredView = Json & {
  readonly id: string;
  readonly type: 'modal' | 'home';
  readonly hash: string;
  readonly blocks: readonly Json[];
};

export type ViewStore = {
  readonly find: (viewId: string) => { readonly view: StoredView; readonly user: string } | undefined;
  readonly findByExternalId: (externalId: string) => StoredView | undefined;
  /** The open modals of one user, the top one last. */
  readonly stack: (user: string) => readonly StoredView[];
  readonly setStack: (user: string, stack: readonly StoredView[]) => void;
  /** Puts a new version of an open modal or Home in place of the old one. */
  readonly replace: (view: StoredView) => void;
  readonly home: (user: string) => StoredView | undefined;
  readonly setHome: (user: string, view: StoredView) => void;
  readonly all: () => {
    readonly stacks: ReadonlyMap<string, readonly StoredView[]>;
    readonly homes: ReadonlyMap<string, StoredView>;
  };
  readonly clear: () => void;
};

export type ViewWatcher = {
  readonly stackChanged: (user: string, stack: readonly StoredView[]) => void;
  readonly homeChanged: (user: string, view: StoredView) => void;
};

export function createViewStore(watcher: ViewWatcher): ViewStore {
  const stacks = new Map<string, readonly StoredView[]>();
  const homes = new Map<string, StoredView>();

  function setStack(user: string, stack: readonly StoredView[]): void {
    stacks.set(user, stack);
    watcher.stackChanged(user, stack);
  }

  function setHome(user: string, view: StoredView): void {
    homes.set(user, view);
    watcher.homeChanged(user, view);
  }

  function find(viewId: string): { view: StoredView; user: string } | undefined {
    for (const [user, stack] of stacks) {
      const view = stack.find((candidate) => candidate.id === viewId);
      if (view) return { view, user };
    }
    for (const [user, view] of homes) if (view.id === viewId) return { view, user };
    return undefined;
  }

  return {
    find,
    findByExternalId: (externalId) =>
      [...stacks.values(), [...homes.values()]].flat().find((view) => view['external_id'] === externalId),
    stack: (user) => stacks.get(user) ?? [],
    setStack,
    replace(view) {
      const user = find(view.id)?.user;
      if (user === undefined) return;
      if (view.type === 'home') return setHome(user, view);
      setStack(
        user,
        (stacks.get(user) ?? []).map((open) => (open.id === view.id ? view : open)),
      );
    },
    home: (user) => homes.get(user),
    setHome,
    all: () => ({ stacks, homes }),
    clear() {
      stacks.clear();
      homes.clear();
    },
  };
}
