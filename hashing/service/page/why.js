export function why() { return null; }
