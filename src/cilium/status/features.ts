import type { Feature } from '../facts/feature.ts';
import type { FeatureQuestion } from './feature-question.ts';
import { datapathFeatures } from './features-datapath.ts';
import { serviceFeatures } from './features-services.ts';

/** The lines of the table, in the order people know them from Cilium's own status. */
export function featuresOf(question: FeatureQuestion): readonly Feature[] {
  return [...datapathFeatures(question), ...serviceFeatures(question)];
}
