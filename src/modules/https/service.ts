/** What the HTTPS service presents: worked out from a root, prepared by a trial handshake, switched to. */
import type { KeyObject } from 'node:crypto';
import type { Change, Root } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type {
  ClientJudge,
  Endpoint,
  PreparedService,
  TlsCredentials,
  TlsParameters,
  TlsService,
  Unopened,
} from '../../southbound/index.js';
import { fingerprint, readCertificate } from '../../x509/index.js';
import type { Branch } from '../../yang/index.js';
import { container, leaf, list, text, texts } from '../read.js';
import { httpsContainer, type Installed, readInstalled } from './entry.js';
import { listenOf, type Reach } from './names.js';

/** The part of the TLS listener that the module drives. */
export interface HttpsListener {
  prepare(service: TlsService, signal?: AbortSignal): Promise<PreparedService>;
  /** Where it listens. */
  readonly addresses: readonly Endpoint[];
  /** Where it should listen and cannot, for now. */
  readonly unopened: readonly Unopened[];
  /** Tries those again. Never rejects. */
  retry(): Promise<void>;
}

export interface ServiceParts extends Reach {
  readonly listener: HttpsListener;
  /** The private key of that name; throws where it is lost. */
  readonly loadKey: (keyId: string) => Promise<KeyObject>;
  /** A self-signed certificate that is not in the tree, for as long as the tree has none to present. */
  readonly factory: () => Promise<TlsCredentials>;
  readonly clients: ClientJudge;
}

/** What the service presents. */
export interface Served {
  /** '' where the factory certificate stands in for the tree's. */
  readonly certificate: string;
  readonly fingerprint: string;
  readonly level: string;
  /** False where a trial handshake has shown that browsers do not get that far. */
  readonly suitsBrowsers: boolean;
}

/** A service that is ready to be switched to, and what it presents then. */
export interface ReadyService {
  readonly service: PreparedService;
  readonly served: Served;
}

/** What a root says about the service: plain data, comparable by its JSON. */
export interface ServicePlan {
  readonly enabled: boolean;
  readonly listen: readonly Endpoint[];
  /** Name of the entry presented; undefined where the factory certificate stands in. */
  readonly certificate: string | undefined;
  readonly installed: Installed | undefined;
  readonly sni: readonly { readonly serverName: string; readonly certificate: string; readonly installed: Installed }[];
  readonly parameters: TlsParameters;
}

export function planService(root: Root, parts: Pick<Reach, 'listenOverride' | 'listenDefault'>): ServicePlan {
  const https = httpsContainer(root.config);
  const certificate = https === undefined ? undefined : text(https, 'server-certificate');
  const installed = certificate === undefined ? undefined : readInstalled(root.system, certificate);
  return {
    enabled: https === undefined || leaf(https, 'enabled') !== false,
    listen: listenOf(root, parts),
    certificate: installed === undefined ? undefined : certificate,
    installed,
    sni: [...(list(https, 'sni') ?? [])].flatMap((entry) => {
      const name = text(entry, 'certificate') ?? '';
      const pair = readInstalled(root.system, name);
      const serverName = text(entry, 'server-name') ?? '';
      return pair === undefined ? [] : [{ serverName, certificate: name, installed: pair }];
    }),
    parameters: readParameters(https),
  };
}

export function samePlan(a: ServicePlan, b: ServicePlan): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export interface PrepareOptions {
  /** Addresses that need not be to be had now. */
  readonly mayWait: readonly Endpoint[];
  readonly signal?: AbortSignal;
}

/** Loads the keys, tries the handshake and opens new addresses; nothing that is served changes. */
export async function prepareService(
  plan: ServicePlan,
  parts: ServiceParts,
  { mayWait, signal }: PrepareOptions,
): Promise<ReadyService> {
  const credentials =
    plan.installed === undefined
      ? await parts.factory()
      : await loadCredentials(plan.certificate ?? '', plan.installed, parts);
  const sni = new Map<string, TlsCredentials>();
  for (const entry of plan.sni)
    sni.set(entry.serverName, await loadCredentials(entry.certificate, entry.installed, parts));
  const service: TlsService = {
    credentials,
    sni,
    parameters: plan.parameters,
    clients: parts.clients,
    listen: plan.enabled ? plan.listen : [],
    mayWait,
  };
  const leaf = readCertificate(Buffer.from(credentials.chain[0] ?? ''));
  try {
    const prepared = await parts.listener.prepare(service, signal);
    const served = {
      certificate: plan.certificate ?? '',
      fingerprint: fingerprint(leaf),
      level: plan.parameters.level,
      suitsBrowsers: prepared.browserRefusal === undefined,
    };
    return { service: prepared, served };
  } catch (error) {
    throw withPath(ConfigError.from(error), plan);
  }
}

/** True where the differences could change the plan: a cheap filter before both plans are worked out. */
export function touchesService(change: Change): boolean {
  return servicePaths.some((path) => change.touches(path));
}

const servicePaths = [
  '/signet-https:https/enabled',
  '/signet-https:https/listen',
  '/signet-https:https/server-certificate',
  '/signet-https:https/sni',
  '/signet-https:https/security-level',
  '/signet-https:https/hello-params',
  '/signet-https:https/client-authentication',
  '/signet-https:https/trust-anchor',
  '/signet-https:https/certificate/installed',
] as const;

async function loadCredentials(name: string, installed: Installed, parts: ServiceParts): Promise<TlsCredentials> {
  try {
    return {
      key: await parts.loadKey(installed.keyId),
      chain: installed.chain.map((certificate) => Buffer.from(certificate, 'base64')),
    };
  } catch (error) {
    throw ConfigError.from(error).with({ path: `/signet-https:https/certificate[name='${name}']` });
  }
}

export function readParameters(https: Branch | undefined): TlsParameters {
  if (https === undefined) return { level: 'standard' };
  const level = text(https, 'security-level') === 'high' ? 'high' : 'standard';
  const hello = container(https, 'hello-params');
  const versions = container(hello, 'tls-versions');
  const suites = container(hello, 'cipher-suites');
  const clients = container(https, 'client-authentication');
  const anchorNames = clients === undefined ? [] : texts(clients, 'ca-certs');
  const anchors = anchorNames.flatMap((name) => {
    const anchor = list(https, 'trust-anchor')?.get([name]);
    return anchor === undefined ? [] : texts(anchor, 'certificate');
  });
  const required = level === 'high' || (clients !== undefined && leaf(clients, 'required') === true);
  return {
    level,
    minVersion: versions === undefined ? undefined : (text(versions, 'min') as TlsParameters['minVersion']),
    maxVersion: versions === undefined ? undefined : (text(versions, 'max') as TlsParameters['maxVersion']),
    cipherSuites: suites === undefined ? [] : texts(suites, 'cipher-suite'),
    groups: hello === undefined ? [] : (texts(hello, 'groups') as NonNullable<TlsParameters['groups']>),
    clientCertificates: required ? 'required' : anchors.length > 0 ? 'optional' : 'none',
    clientAnchors: anchors.map((certificate) => Buffer.from(certificate, 'base64')),
  };
}

/** The node that a refusal of what is presented is told at. */
export function presentedPath({ certificate }: ServicePlan): string {
  return certificate === undefined ? '/signet-https:https' : `/signet-https:https/certificate[name='${certificate}']`;
}

/** A refusal of the listener, told at the node that a user would change. */
function withPath(error: ConfigError, plan: ServicePlan): ConfigError {
  if (error.path !== '') return error;
  const listening = error.message.startsWith('cannot listen');
  return error.with({ path: listening ? '/signet-https:https/listen' : presentedPath(plan) });
}
