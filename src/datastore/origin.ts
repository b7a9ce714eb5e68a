/**
 * Where what is in `operational` comes from (RFC 8342 5.3.4), and which of it is a default (RFC 6243 3.4), as annotations for
 * the encoders. Configuration that is in use is `intended`; where nobody set it, `system` if a provider has it, else `default`.
 */
import { ConfigError } from '../error.js';
import {
  type Annotation,
  type AnnotationSource,
  type DataSchema,
  type DataTree,
  InstanceIdentifier,
  type Schema,
} from '../yang/index.js';

export interface AnnotationWishes {
  readonly withOrigin: boolean;
  /** report-all-tagged */
  readonly tagged: boolean;
}

/** Who tells whether the system provides what there is at a node, configuration that it is. */
export interface SystemNodes {
  isOfSystem(node: DataSchema): boolean;
}

/**
 * `set` is the configuration that the content at `base` was made of. An origin stands on the uppermost nodes and wherever it is
 * not that of the node above. ConfigError `operation-not-supported` where the schema has no such annotation.
 */
export function annotationsOf(
  schema: Schema,
  set: DataTree,
  base: InstanceIdentifier,
  { withOrigin, tagged }: AnnotationWishes,
  system: SystemNodes,
): AnnotationSource | undefined {
  if (!withOrigin && !tagged) return undefined;
  const origin = withOrigin ? annotation(schema, 'ietf-origin', 'origin') : undefined;
  const tag = tagged ? annotation(schema, 'ietf-netconf-with-defaults', 'default') : undefined;
  const originOf = (node: DataSchema, at: InstanceIdentifier): string => {
    if (isSetAt(set, node, at)) return 'ietf-origin:intended';
    return system.isOfSystem(node) ? 'ietf-origin:system' : 'ietf-origin:default';
  };
  return (node, _content, path) => {
    if (!node.config) return [];
    const at = path();
    const annotations: Annotation[] = [];
    if (origin !== undefined) {
      const isTop = at.steps.length <= Math.max(base.steps.length, 1);
      const { parent } = at;
      const above = parent?.last?.schema;
      const value = originOf(node, at);
      if (isTop || parent === undefined || above === undefined || originOf(above as DataSchema, parent) !== value) {
        annotations.push({ schema: origin, value });
      }
    }
    const isLeaf = node.kind === 'leaf' || node.kind === 'leaf-list';
    if (tag !== undefined && isLeaf && !isSetAt(set, node, at) && !system.isOfSystem(node)) {
      annotations.push({ schema: tag, value: true });
    }
    return annotations;
  };
}

/** One value of a leaf-list is set where the leaf-list is: its defaults are in use all together or not at all. */
function isSetAt(set: DataTree, node: DataSchema, at: InstanceIdentifier): boolean {
  if (node.kind !== 'leaf-list' || at.last?.keys === undefined) return set.get(at) !== undefined;
  return set.get((at.parent ?? InstanceIdentifier.root).child(node)) !== undefined;
}

function annotation(schema: Schema, module: string, name: string): Annotation['schema'] {
  const found = schema.annotations.get(`${module}:${name}`);
  if (found !== undefined) return found;
  const message = `this agent does not serve ${module}, which declares ${name}`;
  throw new ConfigError({ type: 'protocol', tag: 'operation-not-supported', message });
}
