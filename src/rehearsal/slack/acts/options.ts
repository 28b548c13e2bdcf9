import { type Args, refuse } from '../api/method.ts';
import { type At, list } from '../blocks/check.ts';
import { option, optionGroup } from '../blocks/composition.ts';
import { asJson, asText, type Json } from '../json.ts';
import type { World } from '../world.ts';
import { addressOf } from './interact.ts';
import { answeredOr } from './outcome.ts';
import { actor, interactionBase } from './payload.ts';
import { elementOn, surfaceOf, surfacePayload } from './surface.ts';

const OPTIONS_MAX = 100;

function checkedOptions(body: unknown): Json {
  const answer = asJson(body);
  const problems: string[] = [];
  const at: At = { path: '/options', surface: 'modal', inside: '', report: (problem) => problems.push(problem) };
  const groups = answer['option_groups'];
  if (groups === undefined) list(option, { min: 0, max: OPTIONS_MAX })(answer['options'], at);
  else list(optionGroup, { min: 0, max: OPTIONS_MAX })(groups, { ...at, path: '/option_groups' });
  if (problems.length > 0) refuse('invalid_options', { response_metadata: { messages: problems } });
  return groups === undefined ? { options: answer['options'] } : { option_groups: groups };
}

/**
 * Somebody types into an external_select: the bot answers with at most 100 options within three seconds.
 * @throws Refusal action_not_found, not_external_select, invalid_options, operation_timeout, …
 */
export async function suggestOptions(world: World, args: Args): Promise<Json> {
  const person = actor(world, args.text('user'));
  const surface = surfaceOf(world, addressOf(args), person);
  const { element, blockId } = elementOn(surface, args.text('action_id'), args.text('block_id'));
  if (!asText(element['type']).endsWith('external_select')) refuse('not_external_select');
  const minimum = Number(element['min_query_length'] ?? 3);
  const value = args.text('value');
  // Slack does not ask before so many characters are typed; its default is three.
  if (value.length < minimum) return { options: [] };
  const payload = {
    type: 'block_suggestion',
    ...interactionBase(world, person),
    ...surfacePayload(world, surface, person),
    action_id: element['action_id'],
    block_id: blockId,
    value,
  };
  return checkedOptions(answeredOr(await world.courier.ask('interactive', payload, true)));
}
