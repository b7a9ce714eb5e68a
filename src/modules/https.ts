/** schema/signet-https.yang: one commit handler for the whole subtree, its actions and its computed state. */
import type { Change, CommitHandler, Finding, ModuleRegistration, ModuleServices } from '../datastore/index.js';
import { ConfigError } from '../error.js';
import type { PreparedService } from '../southbound/index.js';
import { fingerprint, readCertificate } from '../x509/index.js';
import type { InstanceIdentifier } from '../yang/index.js';
import { type ActionParts, httpsActions } from './https/actions.js';
import { judgeChain, readServerChain } from './https/chain.js';
import {
  type CertificateEntry,
  entryPaths,
  type Installed,
  installedChanged,
  readEntry,
  readInstalled,
  touchedEntries,
} from './https/entry.js';
import { amendEntries } from './https/issue.js';
import {
  planService,
  prepareService,
  type ServiceParts,
  type ServicePlan,
  samePlan,
  touchesService,
} from './https/service.js';
import { certificateFacts, httpsState, type Served } from './https/state.js';

export interface HttpsParts extends ActionParts, ServiceParts {
  /** Names and addresses that the device is reached by. */
  readonly hosts: () => readonly string[];
  /** Told once for each thing that went wrong where nobody asked: at start. */
  readonly alarm: (error: ConfigError) => void;
}

/** Staged by prepare: the plan that it makes true, and the TLS service that is ready to be switched to, where it differs. */
interface Staged {
  readonly plan: ServicePlan;
  readonly service: PreparedService;
}

export interface HttpsModule {
  readonly registration: ModuleRegistration;
  /**
   * Serves what running says, from here on: called once, when the datastore is open and whatever the start had to undo or
   * to add is done. Until then commits change the tree and nothing is presented.
   */
  open(): Promise<void>;
  /** What is presented now, for the status page. */
  served(): Served | undefined;
}

export function httpsModule(parts: HttpsParts): HttpsModule {
  const served: { value: Served | undefined } = { value: undefined };
  const services: { value: ModuleServices | undefined } = { value: undefined };
  let opened = false;
  const handler: CommitHandler<Staged | undefined> = {
    name: 'https',
    path: '/signet-https:https',
    references: ['/signet-system:system/name'],
    amend: (change, context) => amendEntries(change, context, parts),
    validate: (change) => judgeEntries(change, parts),
    async prepare(change, { signal }) {
      const plan = opened ? changedPlan(change, parts) : undefined;
      return plan === undefined ? undefined : { plan, service: await prepareService(plan, parts, signal) };
    },
    async apply(change, staged) {
      if (!opened) return;
      // A reversal comes without a prepare of its own, so what it needs is made here.
      const plan = staged?.plan ?? changedPlan(change, parts);
      if (plan !== undefined) {
        const service = staged?.service ?? (await prepareService(plan, parts));
        await service.apply();
        served.value = servedOf(plan);
      }
      tell(change, plan, services.value, parts.now());
    },
    abort: (_change, staged) => staged?.service.abort(),
  };
  return {
    registration: {
      name: 'https',
      handlers: [handler as CommitHandler],
      state: httpsState({ now: parts.now, hosts: parts.hosts, served: () => served.value }),
      actions: httpsActions(parts),
      start: (given) => {
        services.value = given;
      },
    },
    async open() {
      if (services.value === undefined) throw new RangeError('the datastore is not open');
      opened = true;
      served.value = await serveAtStart(planService(services.value.running(), parts), parts);
    },
    served: () => served.value,
  };
}

/** The plan of the new root, where it differs from the old root's. */
function changedPlan(change: Change, parts: HttpsParts): ServicePlan | undefined {
  if (!touchesService(change)) return undefined;
  const plan = planService(change.after, parts);
  return samePlan(planService(change.before, parts), plan) ? undefined : plan;
}

/**
 * The service as running says; where that fails (a lost key, say) with the factory certificate, and where that fails too
 * (a port in use) not at all. Each failure is an alarm: the local socket is the way in.
 */
async function serveAtStart(plan: ServicePlan, parts: HttpsParts): Promise<Served | undefined> {
  for (const attempt of [plan, { ...plan, certificate: undefined, installed: undefined, sni: [] }]) {
    try {
      const service = await prepareService(attempt, parts);
      await service.apply();
      return servedOf(attempt);
    } catch (error) {
      parts.alarm(ConfigError.from(error));
    }
  }
  return undefined;
}

function servedOf(plan: ServicePlan): Served {
  return {
    certificate: plan.certificate ?? '',
    fingerprint: plan.installed === undefined ? '' : fingerprintOf(plan.installed),
    level: plan.parameters.level,
  };
}

function fingerprintOf(installed: Installed): string {
  return fingerprint(readCertificate(Buffer.from(installed.chain[0] ?? '', 'base64')));
}

/** Everything that can be judged without making anything. */
function judgeEntries(change: Change, parts: HttpsParts): readonly Finding[] {
  const findings: Finding[] = [];
  for (const name of touchedEntries(change)) {
    const entry = readEntry(change.after.config, name);
    if (entry === undefined || entry.chain.length === 0) continue;
    const path = entryPaths(change.instance, name).chain.toString();
    if (entry.source === 'self-signed') {
      findings.push({ severity: 'error', path, text: 'a chain goes with source ca-signed, not with self-signed' });
    } else if (bringsIn(change, entry)) {
      findings.push(...judgeBroughtIn(entry, path, change, parts.now()));
    }
  }
  return findings;
}

function bringsIn(change: Change, entry: CertificateEntry): boolean {
  return readEntry(change.before.config, entry.name)?.chain.join() !== entry.chain.join();
}

/** Going back to a root that was in force is not held up by time having passed. */
function judgeBroughtIn(entry: CertificateEntry, path: string, change: Change, now: number): readonly Finding[] {
  try {
    const findings = judgeChain(readServerChain(entry.chain, path), path, now);
    return change.cause === 'rollback' ? findings.filter(({ appTag }) => !clockCodes.has(appTag ?? '')) : findings;
  } catch (error) {
    const { message, tag } = ConfigError.from(error);
    return [{ severity: 'error', path, text: message, tag }];
  }
}

const clockCodes: ReadonlySet<string> = new Set(['expired', 'not-yet-valid']);

/** Notifications of what a transaction did: installed for each entry, activated or rolled back for the service. */
function tell(change: Change, plan: ServicePlan | undefined, services: ModuleServices | undefined, now: number): void {
  if (services === undefined) return;
  const notify = (notification: string, name: string, installed: Installed) => {
    const path = notificationPath(change.instance, notification);
    services.notify(path, certificateFacts(name, installed, now));
  };
  for (const name of touchedEntries(change)) {
    const installed = readInstalled(change.after.system, name);
    if (installed !== undefined && installedChanged(change.before, change.after, name)) {
      notify('certificate-installed', name, installed);
    }
  }
  if (plan?.installed === undefined || plan.certificate === undefined) return;
  const notification = change.cause === 'rollback' ? 'certificate-rolled-back' : 'certificate-activated';
  notify(notification, plan.certificate, plan.installed);
}

function notificationPath(https: InstanceIdentifier, name: string): InstanceIdentifier {
  const schema = https.last?.schema;
  const notification =
    schema?.kind === 'container' ? schema.notifications.find((each) => each.name === name) : undefined;
  if (notification === undefined) throw new RangeError(`https has no notification ${name}`);
  return https.child(notification);
}
