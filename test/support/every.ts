/**
 * With CI set (the gate) everything is played. A run at the desk leaves out what costs much and differs little from what
 * it plays; its last lines say what that was.
 */
export const EVERY = process.env['CI'] !== undefined;
