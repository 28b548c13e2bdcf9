import { basicMethods } from './basics.ts';
import { chatMethods } from './chat.ts';
import type { Methods } from './method.ts';

export const METHODS: Methods = { ...basicMethods, ...chatMethods };
