/** Values that stand for any of a type, for test notifications. */
import type { Type, Value } from '../../yang/index.js';

/** `now` is for times. Undefined where the type has no value that is plainly a sample. */
export function sampleOf(type: Type, now: Date): Value | undefined {
  if (type.typedefs.some(({ name }) => name === 'date-and-time')) return now.toISOString();
  switch (type.base) {
    case 'leafref':
      return sampleOf(type.target.type, now);
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return 0;
    case 'int64':
    case 'uint64':
      return 0n;
    case 'boolean':
      return false;
    case 'string':
      return 'test';
    case 'binary':
      return Buffer.from('test').toString('base64');
    case 'enumeration':
      return type.enums[0]?.name;
    case 'decimal64':
    case 'empty':
    case 'bits':
    case 'identityref':
    case 'instance-identifier':
    case 'union':
      return undefined;
  }
}
