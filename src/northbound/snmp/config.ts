/** The configuration of the engine (RFC 7407), read from the tree once after each commit that touches it. */
import type { DatastoreEvent, Session } from '../../datastore/index.js';
import { Branch, encodeJson, InstanceIdentifier, type JsonObject, type JsonValue } from '../../yang/index.js';
import { contains, networkOf } from './addresses.js';
import type { Community, CommunitySource } from './community.js';
import type { Subtrees } from './subtrees.js';
import type { SecurityLevel } from './usm.js';
import { type AccessEntry, memberKey, securityModels, type Vacm } from './vacm.js';

/** An entry of `target` with the entry of `target-params` that it names. */
export interface Target {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly prefixLength: number | undefined;
  readonly tags: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly retries: number;
  readonly params: TargetParams | undefined;
}

export type TargetParams = { readonly filterProfile: string | undefined } & (
  | { readonly version: 'v1' | 'v2c'; readonly securityName: string }
  | { readonly version: 'v3'; readonly user: string; readonly level: SecurityLevel }
);

interface CommunityEntry extends Community {
  readonly index: Buffer;
  readonly octets: Buffer;
  readonly targetTag: string;
}

export interface SnmpConfig {
  readonly authenticationTraps: boolean;
  /** In the order of snmpCommunityTable (RFC 3584): of several that fit the first counts. */
  readonly communities: readonly CommunityEntry[];
  readonly targets: readonly Target[];
  /** Targets with one of these tags get notifications, in that form. */
  readonly notifyTags: Readonly<Record<'trap' | 'inform', ReadonlySet<string>>>;
  readonly filters: ReadonlyMap<string, Subtrees>;
  readonly vacm: Vacm;
}

/** The configuration as it is now. */
export class ConfigSource implements CommunitySource {
  readonly #session: Session;
  readonly #path: InstanceIdentifier | undefined;
  #config: SnmpConfig | undefined;

  /** `session` sees everything. A schema without ietf-snmp has no configuration. */
  constructor(session: Session) {
    this.#session = session;
    const node = session.schema.root.byQualifiedName.get('ietf-snmp:snmp');
    this.#path = node?.kind === 'container' ? InstanceIdentifier.root.child(node) : undefined;
  }

  current(): SnmpConfig {
    this.#config ??= readConfig(this.#json());
    return this.#config;
  }

  /** True where the event changed the configuration: what was derived from it is to be made anew. */
  update(event: DatastoreEvent): boolean {
    const top = this.#path?.last?.schema;
    const touched =
      event.kind === 'missed' ||
      (event.kind === 'commit' &&
        event.differences.some(({ path }) => path.steps.length === 0 || path.steps[0]?.schema === top));
    if (touched) this.#config = undefined;
    return touched;
  }

  /** The community of a request (RFC 3584 section 5.2): by its octets, and where it has a target tag by the sender's address. */
  community(name: Buffer, address: string): Community | undefined {
    return this.current().communities.find((entry) => entry.octets.equals(name) && this.#isFor(entry, address));
  }

  /** The octets of the community that stands for a security name in what is told to that address (RFC 3584 section 5.2.3). */
  communityOf(securityName: string, address: string): Buffer | undefined {
    const isMeant = (entry: CommunityEntry) => entry.securityName === securityName && entry.context === '';
    return this.current().communities.find((entry) => isMeant(entry) && this.#isFor(entry, address))?.octets;
  }

  /** Whether a community may come from there, and go there (RFC 3584, snmpCommunityTransportTag). */
  #isFor({ targetTag }: CommunityEntry, address: string): boolean {
    if (targetTag === '') return true;
    const isAt = (target: Target) =>
      target.tags.includes(targetTag) && contains(networkOf(target.address, target.prefixLength), address);
    return this.current().targets.some(isAt);
  }

  #json(): JsonObject {
    if (this.#path === undefined) return {};
    const found = this.#session.get(this.#path, 'running');
    return found instanceof Branch ? (encodeJson(this.#session.schema, found.schema, found) as JsonObject) : {};
  }
}

function readConfig(json: JsonObject): SnmpConfig {
  const params = new Map(entries(json, 'target-params').map((each) => [text(each, 'name'), paramsOf(each)]));
  const engine = object(json['engine']);
  const communities = entries(json, 'community').map(communityOf);
  communities.sort((one, other) => Buffer.compare(one.index, other.index));
  return {
    authenticationTraps: engine['enable-authen-traps'] === true,
    communities,
    targets: entries(json, 'target').map((each) => targetOf(each, params)),
    notifyTags: { trap: notifyTags(json, false), inform: notifyTags(json, true) },
    filters: subtrees(json, 'notify-filter-profile'),
    vacm: vacmOf(object(json['vacm'])),
  };
}

function communityOf(entry: JsonObject): CommunityEntry {
  const binary = optional(entry, 'binary-name');
  const name = optional(entry, 'text-name') ?? text(entry, 'index');
  return {
    index: Buffer.from(text(entry, 'index')),
    octets: binary === undefined ? Buffer.from(name) : Buffer.from(binary, 'base64'),
    securityName: text(entry, 'security-name'),
    context: text(entry, 'context'),
    targetTag: text(entry, 'target-tag'),
  };
}

function targetOf(entry: JsonObject, params: ReadonlyMap<string, TargetParams | undefined>): Target {
  const udp = object(entry['udp']);
  const prefix = udp['prefix-length'];
  return {
    name: text(entry, 'name'),
    address: text(udp, 'ip'),
    port: Number(udp['port'] ?? 162),
    prefixLength: prefix === undefined ? undefined : Number(prefix),
    tags: strings(entry['tag']),
    timeout: Number(entry['timeout'] ?? 1500) * 10,
    retries: Number(entry['retries'] ?? 3),
    params: params.get(text(entry, 'target-params')),
  };
}

function paramsOf(entry: JsonObject): TargetParams | undefined {
  const filterProfile = optional(entry, 'notify-filter-profile');
  for (const version of ['v1', 'v2c'] as const) {
    if (entry[version] === undefined) continue;
    return { filterProfile, version, securityName: text(object(entry[version]), 'security-name') };
  }
  if (entry['usm'] === undefined) return undefined;
  const usm = object(entry['usm']);
  return { filterProfile, version: 'v3', user: text(usm, 'user-name'), level: levelOf(usm) };
}

function notifyTags(json: JsonObject, isInform: boolean): ReadonlySet<string> {
  const chosen = entries(json, 'notify').filter((each) => (text(each, 'type') === 'inform') === isInform);
  return new Set(chosen.map((each) => text(each, 'tag')));
}

function subtrees(holder: JsonObject, name: string): ReadonlyMap<string, Subtrees> {
  return new Map(
    entries(holder, name).map((each) => [
      text(each, 'name'),
      { include: strings(each['include']), exclude: strings(each['exclude']) },
    ]),
  );
}

function vacmOf(json: JsonObject): Vacm {
  const groups = entries(json, 'group');
  const members = groups.flatMap((group) =>
    entries(group, 'member').flatMap((member) =>
      strings(member['security-model']).map(
        (model) => [memberKey(modelOf(model), text(member, 'security-name')), text(group, 'name')] as const,
      ),
    ),
  );
  return {
    members: new Map(members),
    access: new Map(groups.map((group) => [text(group, 'name'), entries(group, 'access').map(accessOf)])),
    views: subtrees(json, 'view'),
  };
}

function accessOf(entry: JsonObject): AccessEntry {
  return {
    context: text(entry, 'context'),
    match: entry['context-match'] === 'prefix' ? 'prefix' : 'exact',
    model: modelOf(text(entry, 'security-model')),
    level: levelOf(entry),
    views: {
      read: optional(entry, 'read-view'),
      write: optional(entry, 'write-view'),
      notify: optional(entry, 'notify-view'),
    },
  };
}

/** By its name or its number. */
function modelOf(model: string): number {
  return Object.entries(securityModels).find(([name]) => name === model)?.[1] ?? Number(model);
}

function levelOf(entry: JsonObject): SecurityLevel {
  const level = text(entry, 'security-level');
  return level === 'auth-priv' ? 'authPriv' : level === 'auth-no-priv' ? 'authNoPriv' : 'noAuthNoPriv';
}

function object(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function entries(holder: JsonObject, name: string): readonly JsonObject[] {
  const value = holder[name];
  return Array.isArray(value) ? (value as readonly JsonValue[]).map(object) : [];
}

function strings(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).map(String) : [];
}

function text(holder: JsonObject, name: string): string {
  return optional(holder, name) ?? '';
}

function optional(holder: JsonObject, name: string): string | undefined {
  const value = holder[name];
  return value === undefined || value === null ? undefined : String(value as string | number | boolean);
}
