/**
 * Sessions of a terminal in a Markdown page, as data: fenced blocks marked `sh run`. In one:
 *
 * - `$ command` is run by bash; a backslash at its end continues it on the next line. Its lines are
 *   what follows, standard output and error together: all of them, in this order.
 * - `$ command &` goes on in the background; the lines that follow are waited for, others may come
 *   between them. It is killed at the end of the block.
 * - `...` as a line stands for any lines, within a line for any text.
 * - `# exit N` at the end of a command is the status that it must have (otherwise 0).
 * - A line that begins with `# ` and is not in a command is for the reader.
 * - Ports from 1024 up after a colon stand for free ones, the same number for the same one.
 * @module
 */

/** One command with what it must say. */
export interface Step {
  readonly command: string;
  readonly background: boolean;
  readonly exitStatus: number;
  readonly lines: readonly string[];
}

/** One block of a page. */
export interface Transcript {
  /** The line of the page where it begins, from 1. */
  readonly line: number;
  readonly steps: readonly Step[];
}

/** Every `sh run` block of a page. @throws SyntaxError for output before the first command */
export function transcripts(page: string): Transcript[] {
  return [...page.matchAll(/^```sh run\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: page.slice(0, match.index).split("\n").length,
    steps: readSteps(match[1] ?? ""),
  }));
}

function readSteps(block: string): Step[] {
  const steps: Array<Step & { lines: string[] }> = [];
  for (const line of block.replaceAll("\\\n", "").trimEnd().split("\n")) {
    const command = /^\$ (.*?)(?: +# exit (\d+))?$/.exec(line);
    if (command) {
      const [, text = "", status = "0"] = command;
      const background = /[^&]&$/.test(text);
      steps.push({
        command: background ? text.slice(0, -1).trimEnd() : text,
        background,
        exitStatus: Number(status),
        lines: [],
      });
    } else if (!line.startsWith("# ") && (line !== "" || steps.at(-1)?.lines.length !== 0)) {
      const step = steps.at(-1);
      if (step === undefined) throw new SyntaxError(`output before any command: ${line}`);
      step.lines.push(line);
    }
  }
  // Blank lines set steps apart for the eye.
  for (const { lines } of steps) while (lines.at(-1) === "") lines.pop();
  return steps;
}

/** The block with every port replaced by what `free` gives for it. */
export function withPorts(transcript: Transcript, free: (port: number) => number): Transcript {
  const replace = (text: string) =>
    text.replace(/(?<=[\w\].]?:)(\d{4,5})\b/g, (digits) => {
      const port = Number(digits);
      return port < 1024 ? digits : String(free(port));
    });
  return {
    line: transcript.line,
    steps: transcript.steps.map((step) => ({
      ...step,
      command: replace(step.command),
      lines: step.lines.map(replace),
    })),
  };
}

/** The whole output that a foreground step may have. */
export function outputPattern(step: Step): RegExp {
  const parts = step.lines.map((line) => line === "..." ? "(?:.*\n)*" : `${linePattern(line)}\n`);
  return new RegExp(`^${parts.join("")}$`);
}

/** One line with its wildcards, as the text of a pattern. */
export function linePattern(line: string): string {
  return line.split("...").map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join(".*");
}
