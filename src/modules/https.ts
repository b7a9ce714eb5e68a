/** schema/signet-https.yang: one commit handler for the whole subtree, its actions and its computed state. */
import { setImmediate } from 'node:timers/promises';
import type { Change, CommitHandler, ModuleRegistration, ModuleServices, Root } from '../datastore/index.js';
import { ConfigError } from '../error.js';
import type { Endpoint, PreparedService, TlsCredentials } from '../southbound/index.js';
import { type InstanceIdentifier, parsePath } from '../yang/index.js';
import { type ActionParts, httpsActions } from './https/actions.js';
import { judgeHandshake } from './https/browser.js';
import { ClientCertificates } from './https/clients.js';
import { type Installed, installedChanged, keyIdsOf, readInstalled, touchedEntries } from './https/entry.js';
import { ExpiryWatch } from './https/expiry-watch.js';
import { certificateFacts } from './https/facts.js';
import { InstalledBy } from './https/installed-by.js';
import { amendEntries } from './https/issue.js';
import { type JudgeParts, judgeChange } from './https/judge.js';
import { KeySweep } from './https/key-sweep.js';
import type { KeyRing } from './https/keys.js';
import { generateCsr, keystorePath, keystoreState, readOnly, tellKeystore } from './https/keystore.js';
import { Opening, type OpeningParts } from './https/opening.js';
import { Presented } from './https/presented.js';
import {
  planService,
  prepareService,
  presentedPath,
  type ReadyService,
  type Served,
  type ServiceParts,
  type ServicePlan,
  samePlan,
  touchesService,
} from './https/service.js';
import { httpsState } from './https/state.js';
import { truststorePath, truststoreState } from './https/truststore.js';

export interface HttpsParts extends Omit<ActionParts, 'services'>, OpeningParts, Pick<JudgeParts, 'checkParameters'> {
  /** A self-signed certificate that is not in the tree; called at most once. */
  readonly makeFactory: () => Promise<TlsCredentials>;
  /** Told of each failure of a start: why the service is not opened as configured. */
  readonly failedToOpen: (error: ConfigError) => void;
  /** Whether running is what a rollback went back to: an unconfirmed commit that a stop has undone, say. */
  readonly wentBack: () => boolean;
  /** Told of what went wrong where nobody asked and nothing is lost. */
  readonly log: (error: unknown) => void;
}

export interface HttpsModule {
  readonly registration: ModuleRegistration;
  /**
   * Serves what running says, from here on: called once, when the datastore is open and whatever the start had to undo or
   * to add is done. Until then commits change the tree and nothing is presented.
   */
  open(): Promise<void>;
  /** From here on dates are watched and keys that nothing names are removed: once, when all that a start brings up is up. */
  begin(): void;
  /** Resolves when what was due by the clock has been done. */
  idle(): Promise<void>;
  /** What is presented now, for the status page. */
  served(): Served | undefined;
  /**
   * The user name that a client's certificates (DER, its own first) stand for now, by client-authentication/cert-to-name; undefined
   * where they do not hold or nothing names them.
   */
  clientName(chain: readonly Buffer[]): string | undefined;
  /** Where running says that it listens; none where it is switched off. */
  endpoints(): readonly Endpoint[];
}

export function httpsModule(given: HttpsParts): HttpsModule {
  const service = new HttpsService(given);
  const { parts } = service;
  const secret = (path: InstanceIdentifier, root: Root) => service.services?.secret?.(path, root);
  const installedBy = new InstalledBy(() => service.services?.kept?.() ?? []);
  return {
    registration: {
      name: 'https',
      handlers: [
        service.handler() as CommitHandler,
        readOnly(keystorePath, 'https.certificate'),
        readOnly(truststorePath, 'https.trust-anchor'),
      ],
      state: [
        ...httpsState({
          ...parts,
          served: () => service.served,
          installedBy: (branch, root) => installedBy.of(branch, root),
          secret,
        }),
        keystoreState({ ...parts, secret }),
        truststoreState(),
      ],
      actions: [...httpsActions(parts), generateCsr(parts)],
      start: (services) => {
        service.services = services;
      },
      stop: async () => {
        await service.sweep.stop();
        service.opening.stop();
        await service.watch?.stop();
        await service.presented?.idle();
      },
    },
    open: () => service.open(),
    begin: () => service.begin(),
    idle: async () => {
      await service.watch?.idle();
      await service.sweep.idle();
      await service.opening.idle();
    },
    served: () => service.served,
    clientName: (chain) => service.clients.name(chain),
    endpoints: () => service.endpoints(),
  };
}

/** Staged by prepare: key files, and the TLS service that is ready to be switched to, where it differs. */
interface Staged {
  readonly keyIds: readonly string[];
  readonly written: readonly string[];
  readonly ready:
    | { readonly plan: ServicePlan; readonly service: PreparedService; readonly served: Served }
    | undefined;
}

class HttpsService {
  readonly parts: HttpsParts & ActionParts & ServiceParts & JudgeParts;
  services: ModuleServices | undefined;
  served: Served | undefined;
  watch: ExpiryWatch | undefined;
  presented: Presented | undefined;
  readonly sweep: KeySweep;
  readonly opening: Opening;
  readonly clients: ClientCertificates;
  #opened = false;

  constructor(given: HttpsParts) {
    let factory: Promise<TlsCredentials> | undefined;
    this.sweep = new KeySweep(given.keys, given.log);
    this.opening = new Opening(given);
    this.clients = new ClientCertificates(given.clock, () => this.services?.running());
    this.parts = {
      ...given,
      clients: this.clients,
      hasKey: (keyId) => given.keys.has(keyId),
      loadKey: (keyId) => given.keys.load(keyId),
      factory: () => {
        factory ??= given.makeFactory();
        return factory;
      },
      services: () => this.services,
    };
  }

  handler(): CommitHandler<Staged> {
    return {
      name: 'https',
      path: '/signet-https:https',
      references: ['/signet-system:system/name'],
      amend: (change, context) => amendEntries(change, context, this.parts),
      validate: (change) => judgeChange(change, this.parts),
      prepare: (change, { signal }) => this.#prepare(change, signal),
      apply: (change, staged) => this.#apply(change, staged),
      abort: (_change, staged) => this.#abort(staged),
    };
  }

  async open(): Promise<void> {
    if (this.services === undefined) throw new RangeError('the datastore is not open');
    await this.parts.keys.open();
    this.#opened = true;
    this.served = await this.#serveAtStart(planService(this.services.running(), this.parts));
    this.presented = new Presented(this.services, this.parts.log);
    this.#tellAtStart(this.services, this.presented);
  }

  begin(): void {
    if (this.services === undefined) throw new RangeError('the datastore is not open');
    this.watch = this.#watch(this.services);
    this.sweep.start(this.services);
  }

  endpoints(): readonly Endpoint[] {
    if (this.services === undefined) return [];
    const { enabled, listen } = planService(this.services.running(), this.parts);
    return enabled ? listen : [];
  }

  async #prepare(change: Change, signal: AbortSignal): Promise<Staged> {
    const { keys } = this.parts;
    const keyIds = newKeys(change, keys);
    const written = await keys.save(keyIds);
    try {
      const plan = this.#opened ? this.#changedPlan(change) : undefined;
      if (plan === undefined) return { keyIds, written, ready: undefined };
      // Where it should be listening already, that it cannot is not this change's fault.
      const { listen: mayWait, enabled: wasEnabled } = planService(change.before, this.parts);
      const ready = await prepareService(plan, this.parts, { mayWait, signal });
      const refusal = plan.enabled ? ready.service.browserRefusal : undefined;
      const refused = judgeHandshake(change, presentedPath(plan), {
        former: wasEnabled ? this.served : undefined,
        refusal,
      });
      if (refused !== undefined) {
        await ready.service.abort();
        throw refused;
      }
      return { keyIds, written, ready: { plan, ...ready } };
    } catch (error) {
      await keys.drop(keyIds, written);
      throw error;
    }
  }

  async #apply(change: Change, staged: Staged | undefined): Promise<void> {
    const { keys } = this.parts;
    if (staged === undefined) keys.letGo(goneKeys(change));
    else keys.settle(staged.keyIds);
    if (!this.#opened) return;
    // A reversal comes without a prepare of its own, so what it needs is made here.
    const plan = staged === undefined ? this.#changedPlan(change) : staged.ready?.plan;
    const former = this.served;
    if (plan !== undefined) {
      const { service, served } = staged?.ready ?? (await this.#readyAgain(plan));
      await service.apply();
      this.served = served;
      this.opening.switched();
    }
    const isOther =
      this.served?.fingerprint !== former?.fingerprint || this.served?.certificate !== former?.certificate;
    await this.#tell(change, plan !== undefined && isOther ? plan : undefined);
    this.watch?.changed(change);
  }

  /** Going back must not fail for want of an address; where it does for another reason the alarm says what is presented. */
  async #readyAgain(plan: ServicePlan): Promise<ReadyService> {
    try {
      return await prepareService(plan, this.parts, { mayWait: plan.listen });
    } catch (error) {
      this.opening.behind(ConfigError.from(error).message);
      throw error;
    }
  }

  async #abort(staged: Staged): Promise<void> {
    try {
      await staged.ready?.service.abort();
    } finally {
      await this.parts.keys.drop(staged.keyIds, staged.written);
    }
  }

  /** The plan of the new root, where it differs from the old root's. */
  #changedPlan(change: Change): ServicePlan | undefined {
    if (!touchesService(change)) return undefined;
    const plan = planService(change.after, this.parts);
    return samePlan(planService(change.before, this.parts), plan) ? undefined : plan;
  }

  /**
   * The service as running says, on as many of its addresses as there are; where that fails (a lost key, say) with the factory
   * certificate, if need be without hello-params, and where that fails too not at all. A failure is an alarm: the local socket is
   * the way in.
   */
  async #serveAtStart(plan: ServicePlan): Promise<Served | undefined> {
    let failed: ConfigError | undefined;
    const standIn = { ...plan, certificate: undefined, installed: undefined, sni: [] };
    // Suites for RSA keys only, say, leave the factory certificate nothing: then the level's own choice.
    const choices = { minVersion: undefined, maxVersion: undefined, cipherSuites: [], groups: [] };
    const plain = { ...standIn, parameters: { ...plan.parameters, ...choices } };
    for (const attempt of [plan, standIn, plain]) {
      try {
        const { service, served } = await prepareService(attempt, this.parts, { mayWait: plan.listen });
        await service.apply();
        for (const { error } of this.parts.listener.unopened) {
          this.parts.failedToOpen(error.with({ path: '/signet-https:https/listen' }));
        }
        this.opening.switched(failed?.message);
        return served;
      } catch (error) {
        failed ??= ConfigError.from(error);
        this.parts.failedToOpen(ConfigError.from(error));
      }
    }
    this.opening.failed(failed?.message ?? '');
    return undefined;
  }

  #watch(services: ModuleServices): ExpiryWatch {
    return new ExpiryWatch(
      {
        ...this.parts,
        notify: (notification, content) => {
          services.notify(parsePath(services.schema, `/signet-https:https/${notification}`), content);
          const parts = this.parts;
          if (notification !== 'certificate-expiry-cleared') tellKeystore(services, content, parts.hasKey);
        },
        log: this.parts.log,
      },
      services,
    );
  }

  /** What a stop has changed: a commit that was not confirmed is undone before anything is presented. */
  #tellAtStart(services: ModuleServices, presented: Presented): void {
    const { served } = this;
    if (served === undefined) return;
    const installed = readInstalled(services.running().system, served.certificate);
    if (installed !== undefined && presented.isOther(served)) {
      const telling = this.parts.wentBack() ? 'certificate-rolled-back' : 'certificate-activated';
      const path = parsePath(services.schema, `/signet-https:https/${telling}`);
      services.notify(path, certificateFacts(served.certificate, installed, this.parts.clock.now()));
    }
    presented.remember(served);
  }

  /** Notifications of what a transaction did: installed for each entry, activated or rolled back for the service. */
  async #tell(change: Change, plan: ServicePlan | undefined): Promise<void> {
    const { services } = this;
    if (services === undefined) return;
    const now = this.parts.clock.now();
    const notify = (notification: string, name: string, installed: Installed) => {
      services.notify(notificationPath(change.instance, notification), certificateFacts(name, installed, now));
    };
    const isRollback = change.cause === 'rollback';
    let count = 0;
    for (const name of isRollback ? [] : touchedEntries(change)) {
      if (++count % stride === 0) await setImmediate();
      const installed = readInstalled(change.after.system, name);
      if (installed !== undefined && installedChanged(change.before, change.after, name)) {
        notify('certificate-installed', name, installed);
      }
    }
    if (this.served !== undefined) this.presented?.remember(this.served);
    if (plan?.installed === undefined || plan.certificate === undefined) return;
    notify(isRollback ? 'certificate-rolled-back' : 'certificate-activated', plan.certificate, plan.installed);
  }
}

/** Entries that are told of at a stretch. */
const stride = 16;

/** Keys that the change brings into an entry; going back, only those that are still at hand. */
function newKeys(change: Change, keys: KeyRing): readonly string[] {
  const found = new Set<string>();
  for (const name of touchedEntries(change)) {
    const before = new Set(keyIdsOf(change.before.system, name));
    for (const keyId of keyIdsOf(change.after.system, name)) {
      if (!before.has(keyId) && (change.cause !== 'rollback' || keys.has(keyId))) found.add(keyId);
    }
  }
  return [...found];
}

/** Keys that a change which is taken back had brought. */
function goneKeys(change: Change): readonly string[] {
  return [...touchedEntries(change)].flatMap((name) => {
    const after = new Set(keyIdsOf(change.after.system, name));
    return keyIdsOf(change.before.system, name).filter((keyId) => !after.has(keyId));
  });
}

export function notificationPath(https: InstanceIdentifier, name: string): InstanceIdentifier {
  const schema = https.last?.schema;
  const notification =
    schema?.kind === 'container' ? schema.notifications.find((each) => each.name === name) : undefined;
  if (notification === undefined) throw new RangeError(`https has no notification ${name}`);
  return https.child(notification);
}
