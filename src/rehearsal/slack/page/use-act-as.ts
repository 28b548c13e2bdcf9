import { useCallback, useState } from 'react';
import type { UiUser } from '../ui-protocol.ts';

const KEY = 'act-as';

/**
 * The person this window acts as. Kept per tab, so that two tabs can be two people; `?as=<name>` in the address
 * chooses one from outside.
 */
export function useActAs(users: readonly UiUser[]): readonly [string, (user: string) => void] {
  const people = users.filter(({ isBot }) => !isBot);
  const [wanted, setWanted] = useState(() => fromAddress() ?? sessionStorage.getItem(KEY) ?? '');
  const viewer = people.find(({ id, name }) => id === wanted || name === wanted) ?? people[0];
  const actAs = useCallback((user: string) => {
    sessionStorage.setItem(KEY, user);
    setWanted(user);
  }, []);
  return [viewer?.id ?? '', actAs];
}

function fromAddress(): string | null {
  return new URLSearchParams(window.location.search).get('as');
}
