/**
 * Certificate policies along a path: RFC 5280 6.1 with the policy graph of RFC 9618, whose size is that of the
 * certificates, where the tree of old could grow exponentially.
 */

import { type Certificate, isSelfIssued } from './certificate.js';
import { type DerNode, expectTag, isContext, readDer, readOid, readSmallInteger, tags } from './der.js';
import { malformed, X509Error } from './errors.js';
import { type ChainFinding, error, titled } from './findings.js';
import { extensionOids } from './oids.js';

/** The inputs (c), (e), (f) and (g) of RFC 5280 6.1.1; what is absent takes the value that constrains nothing. */
export interface PolicyInputs {
  /** user-initial-policy-set; any-policy where absent. */
  readonly acceptable?: readonly string[];
  readonly explicitPolicy?: boolean;
  readonly inhibitMapping?: boolean;
  readonly inhibitAnyPolicy?: boolean;
}

/**
 * Judges the policies of a path, end-entity certificate first. `anchored` tells that the last certificate is the trust
 * anchor, whose own policies do not count.
 */
export function policyFindings(
  chain: readonly Certificate[],
  anchored: boolean,
  inputs: PolicyInputs = {},
): ChainFinding[] {
  const path = anchored ? chain.slice(0, -1) : chain;
  const readings: PolicyExtensions[] = [];
  for (const [position, certificate] of path.entries()) {
    const read = readExtensions(certificate);
    if (typeof read === 'string') {
      return [error('certificate-policies', `${titled(certificate, position)} ${read}`, position)];
    }
    readings.push(read);
  }
  return isValid(path, readings, inputs)
    ? []
    : [
        error(
          'certificate-policies',
          'the chain needs a certificate policy that holds all along, and there is none',
          0,
        ),
      ];
}

interface PolicyExtensions {
  /** Undefined where there is no certificatePolicies. */
  readonly policies: ReadonlySet<string> | undefined;
  /** issuerDomainPolicy to its subjectDomainPolicies. */
  readonly mappings: ReadonlyMap<string, ReadonlySet<string>>;
  readonly requireExplicit: number | undefined;
  readonly inhibitMapping: number | undefined;
  readonly inhibitAny: number | undefined;
}

/** A node of the graph (RFC 9618 section 4): a policy at one depth, reached from the nodes above it. */
interface PolicyNode {
  readonly policy: string;
  expected: ReadonlySet<string>;
  readonly parents: readonly PolicyNode[];
}

/** The nodes of one depth by policy. */
type Level = Map<string, PolicyNode>;

interface State {
  /** All depths so far; undefined once the graph is NULL. */
  levels: Level[] | undefined;
  explicit: number;
  mapping: number;
  any: number;
}

function isValid(
  path: readonly Certificate[],
  readings: readonly PolicyExtensions[],
  { acceptable, explicitPolicy, inhibitMapping, inhibitAnyPolicy }: PolicyInputs,
): boolean {
  const unlimited = path.length + 1;
  const root: PolicyNode = { policy: anyPolicy, expected: new Set([anyPolicy]), parents: [] };
  const state: State = {
    levels: [new Map([[anyPolicy, root]])],
    explicit: explicitPolicy === true ? 0 : unlimited,
    mapping: inhibitMapping === true ? 0 : unlimited,
    any: inhibitAnyPolicy === true ? 0 : unlimited,
  };
  for (let position = path.length - 1; position >= 0; position--) {
    const read = readings[position]!;
    const selfIssued = isSelfIssued(path[position]!);
    growGraph(state, read, state.any > 0 || (position > 0 && selfIssued));
    if (state.explicit === 0 && state.levels === undefined) return false;
    if (position > 0) prepareForNext(state, read, selfIssued);
  }
  // RFC 5280 6.1.5 (a) and (b).
  if (state.explicit > 0) state.explicit--;
  if (readings[0]?.requireExplicit === 0) state.explicit = 0;
  return state.explicit > 0 || reaches(state.levels, acceptable);
}

/** RFC 9618 section 5, for RFC 5280 6.1.3 (d) and (e). */
function growGraph(state: State, { policies }: PolicyExtensions, anyCounts: boolean): void {
  const above = state.levels?.at(-1);
  if (policies === undefined || above === undefined) {
    state.levels = undefined;
    return;
  }
  const level: Level = new Map();
  const anyAbove = above.get(anyPolicy);
  const byExpected = new Map<string, PolicyNode[]>();
  for (const node of above.values()) {
    for (const policy of node.expected) {
      const list = byExpected.get(policy);
      if (list === undefined) byExpected.set(policy, [node]);
      else list.push(node);
    }
  }
  for (const policy of policies) {
    if (policy === anyPolicy) continue;
    const parents = byExpected.get(policy) ?? (anyAbove === undefined ? [] : [anyAbove]);
    if (parents.length > 0) level.set(policy, { policy, expected: new Set([policy]), parents });
  }
  if (policies.has(anyPolicy) && anyCounts) {
    for (const [policy, parents] of byExpected) {
      if (!level.has(policy)) level.set(policy, { policy, expected: new Set([policy]), parents });
    }
  }
  state.levels = level.size === 0 ? undefined : [...(state.levels ?? []), level];
}

/** RFC 5280 6.1.4 (b) and (h) to (j). */
function prepareForNext(state: State, read: PolicyExtensions, selfIssued: boolean): void {
  const level = state.levels?.at(-1);
  if (level !== undefined) {
    for (const [policy, mapped] of read.mappings) {
      if (state.mapping === 0) level.delete(policy);
      else mapPolicy(level, policy, mapped);
    }
    if (level.size === 0) state.levels = undefined;
  }
  if (!selfIssued) {
    if (state.explicit > 0) state.explicit--;
    if (state.mapping > 0) state.mapping--;
    if (state.any > 0) state.any--;
  }
  state.explicit = Math.min(state.explicit, read.requireExplicit ?? state.explicit);
  state.mapping = Math.min(state.mapping, read.inhibitMapping ?? state.mapping);
  state.any = Math.min(state.any, read.inhibitAny ?? state.any);
}

function mapPolicy(level: Level, policy: string, mapped: ReadonlySet<string>): void {
  const node = level.get(policy);
  const any = level.get(anyPolicy);
  if (node !== undefined) node.expected = mapped;
  else if (any !== undefined) level.set(policy, { policy, expected: mapped, parents: any.parents });
}

/** RFC 5280 6.1.5 (g): whether anything is left of the graph under the policies that the user accepts. */
function reaches(levels: readonly Level[] | undefined, acceptable: readonly string[] | undefined): boolean {
  const last = levels?.at(-1);
  if (last === undefined) return false;
  if (acceptable === undefined || acceptable.includes(anyPolicy)) return true;
  // The policies of the user's own domain are those whose node hangs under anyPolicy (RFC 9618 5.4).
  const wanted = new Set(acceptable);
  const seen = new Set<PolicyNode>();
  const open = [...last.values()];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    const underAny = node.parents.some(({ policy }) => policy === anyPolicy);
    if (underAny && (wanted.has(node.policy) || (node.policy === anyPolicy && last.has(anyPolicy)))) return true;
    open.push(...node.parents.filter(({ policy }) => policy !== anyPolicy));
  }
  return false;
}

/** The extensions of one certificate, or what is wrong with them. */
function readExtensions(certificate: Certificate): PolicyExtensions | string {
  const value = <T>(oid: string, decode: (node: DerNode) => T): T | undefined => {
    const found = certificate.extensions.get(oid);
    return found === undefined ? undefined : decode(readDer(found.value));
  };
  try {
    const constraints = value(extensionOids.policyConstraints, readConstraints);
    return {
      policies: value(extensionOids.certificatePolicies, readPolicies),
      mappings: value(extensionOids.policyMappings, readMappings) ?? new Map(),
      requireExplicit: constraints?.requireExplicit,
      inhibitMapping: constraints?.inhibitMapping,
      inhibitAny: value(extensionOids.inhibitAnyPolicy, (node) => readSmallInteger(node, 'inhibitAnyPolicy')),
    };
  } catch (thrown) {
    if (thrown instanceof X509Error) return `has damaged policies: ${thrown.message}`;
    throw thrown;
  }
}

function readPolicies(node: DerNode): ReadonlySet<string> {
  const list = expectTag(node, tags.sequence, 'certificatePolicies').children.map((entry) =>
    readOid(expectTag(entry, tags.sequence, 'certificatePolicies').children[0], 'certificatePolicies'),
  );
  const policies = new Set(list);
  // RFC 5280 4.2.1.4: each once.
  if (policies.size !== list.length) throw malformed('a policy stands twice');
  if (policies.size === 0) throw malformed('certificatePolicies is empty');
  return policies;
}

function readMappings(node: DerNode): ReadonlyMap<string, ReadonlySet<string>> {
  const mappings = new Map<string, Set<string>>();
  for (const entry of expectTag(node, tags.sequence, 'policyMappings').children) {
    const [from, to] = expectTag(entry, tags.sequence, 'policyMappings').children.map((each) =>
      readOid(each, 'policyMappings'),
    );
    // RFC 5280 4.2.1.5: neither from nor to anyPolicy.
    if (from === undefined || to === undefined || from === anyPolicy || to === anyPolicy) {
      throw malformed('policyMappings maps anyPolicy or nothing');
    }
    mappings.set(from, (mappings.get(from) ?? new Set()).add(to));
  }
  if (mappings.size === 0) throw malformed('policyMappings is empty');
  return mappings;
}

function readConstraints(node: DerNode): { requireExplicit?: number; inhibitMapping?: number } {
  const parts = expectTag(node, tags.sequence, 'policyConstraints').children;
  const skipCerts = (tag: number): number | undefined => {
    const found = parts.find((part) => isContext(part, tag));
    // IMPLICIT INTEGER: the content octets are what an INTEGER has.
    return found === undefined
      ? undefined
      : readSmallInteger({ ...found, tagClass: 0, tag: tags.integer }, 'policyConstraints');
  };
  const [requireExplicit, inhibitMapping] = [skipCerts(0), skipCerts(1)];
  if (requireExplicit === undefined && inhibitMapping === undefined) throw malformed('policyConstraints is empty');
  return {
    ...(requireExplicit === undefined ? {} : { requireExplicit }),
    ...(inhibitMapping === undefined ? {} : { inhibitMapping }),
  };
}

const anyPolicy = '2.5.29.32.0';
