/** From a path to the protocol that answers it. */
import type { Route } from './request.js';

export class Router {
  readonly #exact = new Map<string, Route>();
  /** The longest first. */
  readonly #prefixes: readonly { readonly prefix: string; readonly route: Route }[];

  /** Throws RangeError where two routes have the same path. */
  constructor(routes: readonly Route[]) {
    const prefixes: { prefix: string; route: Route }[] = [];
    for (const route of routes) {
      if (this.#exact.has(route.path)) throw new RangeError(`two routes for ${route.path}`);
      this.#exact.set(route.path, route);
      if (route.path.endsWith('*')) prefixes.push({ prefix: route.path.slice(0, -1), route });
    }
    this.#prefixes = prefixes.sort((one, other) => other.prefix.length - one.prefix.length);
  }

  find(path: string): Route | undefined {
    return this.#exact.get(path) ?? this.#prefixes.find(({ prefix }) => path.startsWith(prefix))?.route;
  }
}
