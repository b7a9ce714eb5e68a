/** What a MIB module says of its objects: the YANG description, or what a column that no YANG node stands for is there for. */
import { entriesOf } from './entries.js';
import type { MibObject, MibTable } from './model.js';

export function objectDescription(object: MibObject): string {
  const isOfJob = object.table?.operation !== undefined;
  switch (object.kind) {
    case 'rowStatus':
      if (isOfJob)
        return (
          'createAndGo, or active after createAndWait, starts the job; what it was given is then forgotten. destroy ends it where it still ' +
          'runs, and forgets it. A job that has ended makes room for others, the oldest first.'
        );
      return (
        'Makes, completes and removes the entry. It is notReady while a change goes on that was answered before its end. Columns may be changed while it is active. Setting an active entry to notInService is ' +
        'refused with inconsistentValue.'
      );
    case 'rowNumber':
      return 'A number for the entry, for its keys cannot stand in an object identifier. The agent numbers entries that come from elsewhere.';
    case 'presence':
      return `Whether this is there: ${describe(object.schema.description, object.schema.path)}`;
    case 'storageType':
      return 'Entries are kept in non-volatile storage, so that nothing but nonVolatile(3) can be set.';
    case 'testAndIncr':
      return describe(object.schema.description, object.schema.path);
    case 'inetType':
      return `What kind of address the next column holds; the two are set together. ${object.text!.name} is the same as text.`;
    case 'inetAddress':
      return `The address, in the form that the column before it names. ${describe(object.schema.description, object.schema.path)}`;
    case 'after':
      return (
        'The row number of the entry before this one in the order that users give, 0 for the first. Setting it moves the entry behind ' +
        'that one. An entry that is made without it is the last.'
      );
    case 'owner':
      return 'Whom the job is for, as the manager chooses: stations that use different ones do not meet.';
    case 'job':
      return 'A number for the job, which the manager chooses.';
    case 'jobState':
      if (isOfJob)
        return 'Where the job stands: running, ended well, or ended with an error. One that a stop of the agent interrupts has failed.';
      return (
        'Where the last change of the entry stands that took longer than a manager waits: it is answered while it goes on, and the RowStatus ' +
        'is notReady until it has ended. There is no instance for an entry whose last change was answered at its end. A change that a stop of the agent interrupts has ' +
        'failed, unless it was done.'
      );
    case 'errorTag':
      return `The error-tag of RFC 6241 Appendix A where the ${isOfJob ? 'job' : 'change'} failed, else empty.`;
    case 'errorPath':
      return `What the error is about, where the ${isOfJob ? 'job' : 'change'} failed and that is known.`;
    case 'errorText':
      return `What went wrong and what to do, where the ${isOfJob ? 'job' : 'change'} failed.`;
    case 'digest':
      if (object.schema === object.table?.operation)
        return 'SHA-256 of the whole output as RFC 7951 JSON, which stands in a segment table.';
      if (entriesOf(object) !== undefined)
        return (
          'SHA-256 of all entries as an array of RFC 7951 JSON. Setting it to the digest of segments that were written to a table of their own ' +
          `makes them the input. ${describe(object.schema.description, object.schema.path)}`
        );
      return (
        `SHA-256 of the value, which stands in a segment table. Setting it to the digest of segments that were written there makes them ` +
        `the value. ${describe(object.schema.description, object.schema.path)}`
      );
    case 'segmentNumber':
      return 'Segments of a value count from 1.';
    case 'segment':
      return (
        'A segment of the value; all but the last are read with 1000 octets. Segments that are written are kept apart, each user having his ' +
        'own, for 300 seconds, until the digest of all of them is set.'
      );
    case 'unset':
      return (
        'Takes the last sub-identifier of the object type beside this one that shall have no value from now on: the one that may be ' +
        'absent, or goes back to its default. Reads as 0; setting it to 0 does nothing.'
      );
    case 'leaf':
    case 'value':
      return describe(object.schema.description, object.schema.path);
  }
}

export function describe(description: string, path: string): string {
  return description.trim() === '' ? `The YANG node ${path}.` : description;
}

export function numberedNote(table: MibTable): string {
  return table.numbered && table.augments === undefined
    ? ' Entries are told apart by a row number; the keys are columns, which are set when an entry is made and stay.'
    : '';
}
