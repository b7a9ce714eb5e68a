/** What every benchmark prints first, and the arithmetic that they share. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `node ${process.version}, ${cpus().length} x ${cpu?.model ?? 'unknown processor'}, ${memory} GiB, ${process.platform} ${process.arch}`;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** `NAME  min / median / max UNIT  (target TARGET)`. */
export function line(name: string, values: readonly number[], unit: string, target: string): string {
  const figures = [Math.min(...values), quantile(values, 0.5), Math.max(...values)].map(short).join(' / ');
  return `${name.padEnd(52)} ${figures.padStart(24)} ${unit.padEnd(12)} target ${target}`;
}

export function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** User and system time that a process has used, in microseconds; ticks are 10 ms. */
export function cpuMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Resident memory of a process in MB. */
export function residentMegabytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? Number.NaN) / 1024;
}
