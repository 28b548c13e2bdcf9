/** Label and field selectors for fakes: equality, inequality, sets and presence, as the API server understands them. */

type Labels = Readonly<Record<string, unknown>>;

/** Splits at the commas outside parentheses. */
function requirementsOf(selector: string): readonly string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

export function matchesLabels(labels: Labels, selector: string | undefined): boolean {
  return requirementsOf(selector ?? '').every((requirement) => matchesLabel(labels, requirement));
}

function matchesLabel(labels: Labels, requirement: string): boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(requirement);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const among = list.split(',').some((each) => each.trim() === labels[key]);
    return operator === 'in' ? among : !among;
  }
  const pair = /^([^=!\s]+)\s*(==|=|!=)\s*(.*)$/.exec(requirement);
  if (pair !== null) return (labels[pair[1] ?? ''] === pair[3]) === (pair[2] !== '!=');
  return requirement.startsWith('!') ? !(requirement.slice(1) in labels) : requirement in labels;
}

/** Paths such as `status.phase`; a missing field counts as empty, a missing boolean as false. */
export function matchesFields(object: unknown, selector: string | undefined): boolean {
  return requirementsOf(selector ?? '').every((requirement) => {
    const [, path = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(requirement) ?? [];
    const found = fieldAt(object, path) ?? (value === 'true' || value === 'false' ? 'false' : '');
    return (String(found) === value) === (operator !== '!=');
  });
}

function fieldAt(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), object);
}
