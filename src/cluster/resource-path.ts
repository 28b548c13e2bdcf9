import { OpsError } from '../core/errors.ts';
import type { Resource } from '../core/resources.ts';

/** Rules for a path segment in Kubernetes: anything but `.`, `..`, and names with `/` or `%`. */
function segment(value: string): string {
  if (value === '' || value === '.' || value === '..' || /[/%]/.test(value))
    throw new OpsError('InvalidArgs', `"${value}" cannot be the name of a Kubernetes object`, {
      nextStep: 'check the spelling of the name',
    });
  return encodeURIComponent(value);
}

export type Place = { readonly namespace?: string; readonly name?: string; readonly subresource?: string };

/** The API path of a resource. @throws OpsError InvalidArgs for names that would lead to another path */
export function pathOf(resource: Resource, place: Place): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${segment(resource.group)}/${resource.version}`;
  const namespace = place.namespace === undefined ? [] : ['namespaces', segment(place.namespace)];
  const name = place.name === undefined ? [] : [segment(place.name)];
  const subresource = place.subresource === undefined ? [] : [place.subresource];
  return [root, ...namespace, resource.plural, ...name, ...subresource].join('/');
}
