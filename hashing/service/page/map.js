export function prepare() {}
export function mark() {}
export function show() {}
