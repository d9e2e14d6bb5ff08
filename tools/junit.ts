/**
 * Reads the report that `deno test --junit-path` writes: what passed, failed, was skipped, and how
 * long each file took. A step of a test is a case of its own there, and counts here.
 * @module
 */

/** One test or one step of it. */
export interface TestCase {
  readonly file: string;
  readonly name: string;
  readonly seconds: number;
  readonly state: "passed" | "failed" | "skipped";
}

const suite = /<testsuite name="([^"]*)"[^>]*>([\s\S]*?)<\/testsuite>/g;
const testCase =
  /<testcase name="([^"]*)"[^>]*? time="([\d.]+)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** The cases of a report. Text in it is escaped, so that tags are only where they belong. */
export function parseJunit(xml: string): TestCase[] {
  const cases: TestCase[] = [];
  for (const [, file = "", body = ""] of xml.matchAll(suite)) {
    for (const [, name = "", seconds = "0", inner = ""] of body.matchAll(testCase)) {
      cases.push({
        file: unescape(file).replace(/^\.\//, ""),
        name: unescape(name),
        seconds: Number(seconds),
        state: /<(failure|error)\b/.test(inner)
          ? "failed"
          : /<skipped\b/.test(inner)
          ? "skipped"
          : "passed",
      });
    }
  }
  return cases;
}

/**
 * The files that failed outside any test (a module that does not load, a dangling promise). The
 * report leaves them out; the text at the end of the runner's output names them.
 */
export function uncaughtErrors(output: string): TestCase[] {
  const files = [...output.matchAll(/^(?:\.\/)?(\S+) \(uncaught error\)$/gm)];
  return [...new Set(files.map(([, file = ""]) => file))].map((file) => {
    return { file, name: "uncaught error outside of a test", seconds: 0, state: "failed" };
  });
}

/** Files with the sum of the times of their tests, the slowest first. Steps are in their tests. */
export function slowestFiles(cases: readonly TestCase[]): Array<{ file: string; seconds: number }> {
  const tests = new Set(cases.map((entry) => `${entry.file}\n${entry.name}`));
  const sums = new Map<string, number>();
  for (const { file, name, seconds } of cases) {
    const cut = name.lastIndexOf(" > ");
    if (cut > 0 && tests.has(`${file}\n${name.slice(0, cut)}`)) continue;
    sums.set(file, (sums.get(file) ?? 0) + seconds);
  }
  return [...sums].map(([file, seconds]) => ({ file, seconds }))
    .sort((a, b) => b.seconds - a.seconds);
}

function unescape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    amp: "&",
  };
  return text.replace(
    /&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return entities[name ?? ""] ?? whole;
    },
  );
}
