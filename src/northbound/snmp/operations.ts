/**
 * Rpcs and actions as tables of jobs: a row is one invocation, named by the row that the action belongs to, an owner and a number that the
 * manager chooses, so that stations do not race. Leafs of the input are columns that are written and never
 * read; a list of it is written as a whole, as JSON in segments.
 */
import type { DataSchema, LeafSchema, OperationSchema, ParametersSchema } from '../../yang/index.js';
import { maxSubIdentifiers } from './ber.js';
import type { Collector, Growing } from './collector.js';
import { type MibTable, reservedColumn } from './model.js';
import type { Position } from './placement.js';
import { jobStateSyntax, ownerSyntax, rowNumberSyntax, rowStatusSyntax, shortened, shortTextSyntax } from './syntax.js';

/** Octets that an owner has at least: where the keys around a job leave less, it has no table. */
const leastOwner = 8;
/** Sub-identifiers behind the keys around a job: owner, number, and the segments of a long value. */
export const jobParts = 1 + leastOwner + 1 + 3;

/** `outer` is the table of the list that the action stands in, `steps` what is between the list (or the root) and the action. */
export function addJobTable(
  into: Collector,
  operation: OperationSchema,
  oid: Position,
  outer: MibTable | undefined,
  steps: readonly DataSchema[],
): void {
  const inherited = outer?.index ?? [];
  let room = maxSubIdentifiers - oid.length - 2 - (jobParts - leastOwner);
  for (const { object } of inherited) room -= object.syntax.index === 'string' ? 1 + object.syntax.maxOctets : 1;
  if (room < leastOwner) {
    into.skipped.push({ module: operation.module, path: operation.path, reason: 'the keys around it are too long' });
    return;
  }
  const table: Growing = {
    oid,
    module: operation.module,
    name: '',
    schema: operation,
    augments: undefined,
    segments: undefined,
    operation,
    parent: outer,
    index: [...inherited],
    ownParts: 2,
    implied: false,
    numbered: false,
    config: true,
    steps: [...(outer?.steps ?? []), ...steps],
    columns: [],
  };
  into.tables.push(table);
  const ownSyntax = room < ownerSyntax.maxOctets ? shortened(ownerSyntax, room) : ownerSyntax;
  const owner = into.reserved(table, 'owner', ownSyntax, 'not-accessible');
  const job = into.reserved(table, 'job', rowNumberSyntax, 'not-accessible');
  table.index.push({ object: owner, key: undefined }, { object: job, key: undefined });
  into.reserved(table, 'rowStatus', rowStatusSyntax, 'read-create');
  addOutcome(into, table);
  parameters(into, table, operation.input, []);
  parameters(into, table, operation.output, []);
  if (operation.output.dataChildren.length === 0) return;
  const at = { oid: [...oid, 1, reservedColumn.result], table, parameter: 'output' } as const;
  into.long(operation, at, 'read-only', []);
}

/** How a job ended, or in a table of data how a commit did that went on behind its answer. */
export function addOutcome(into: Collector, table: MibTable): void {
  into.reserved(table, 'jobState', jobStateSyntax, 'read-only');
  into.reserved(table, 'errorTag', shortTextSyntax, 'read-only');
  into.reserved(table, 'errorPath', shortTextSyntax, 'read-only');
  into.reserved(table, 'errorText', shortTextSyntax, 'read-only');
}

function parameters(
  into: Collector,
  table: MibTable,
  group: Pick<ParametersSchema, 'kind' | 'dataChildren'>,
  above: readonly DataSchema[],
): void {
  const parameter = group.kind;
  for (const node of group.dataChildren) {
    const steps = [...above, node];
    if (node.kind === 'container') parameters(into, table, { kind: parameter, dataChildren: node.dataChildren }, steps);
    else if (node.kind === 'leaf') addParameter(into, table, parameter, node, steps);
    else if (parameter === 'input' && (node.kind === 'list' || node.kind === 'leaf-list')) {
      const at = into.column(node, table);
      if (at === undefined) into.skip(node, 'it has no number');
      else into.long(node, { ...at, parameter }, 'read-create', steps);
    } else if (parameter === 'input') into.skip(node, `${node.kind} has no form in SMIv2`);
  }
}

function addParameter(
  into: Collector,
  table: MibTable,
  parameter: 'input' | 'output',
  leaf: LeafSchema,
  steps: readonly DataSchema[],
): void {
  const at = into.column(leaf, table);
  const isInput = parameter === 'input';
  const syntax = into.syntax(leaf, at?.oid, isInput);
  if (at === undefined || syntax === undefined) return;
  const access = isInput ? 'read-create' : 'read-only';
  if (syntax === 'long') into.long(leaf, { ...at, parameter }, access, steps);
  else into.add({ kind: 'leaf', ...at, schema: leaf, syntax, access, steps, parameter });
}
